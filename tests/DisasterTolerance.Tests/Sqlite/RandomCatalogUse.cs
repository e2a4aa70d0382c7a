using DisasterTolerance.Catalog;
using DisasterTolerance.Testing.Conformance;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>Batches and queries by chance, over few values, so that they meet.</summary>
internal sealed class RandomCatalogUse(int seed)
{
    private static readonly string[] _names = ["Alpha", "alPHA 2", "Бета", "бЕТА%", "x_y", "", "ä\\Ö"];
    private static readonly Guid[] _sites = [CatalogSamples.SiteA, CatalogSamples.SiteB, CatalogSamples.SiteC];

    private readonly Random _random = new(seed);

    public async Task<CatalogBatch> NextBatchAsync(ICatalog model, CancellationToken cancellationToken)
    {
        var batch = new CatalogBatch();
        for (var count = _random.Next(0, 5); count > 0; count--)
        {
            batch.Add(await NextChangeAsync(model, cancellationToken));
        }

        return batch;
    }

    public Guid NextMachine() => CatalogSamples.Id(_random.Next(100, 110));

    public Guid NextUuid() => CatalogSamples.Id(_random.Next(100, 115) + (_random.Next(3) * 100_000));

    public IReadOnlyList<Guid> NextMachines() => [NextMachine(), NextMachine(), NextMachine()];

    public IReadOnlyList<Guid> NextPlans() => [NextPlan(), NextPlan(), NextPlan()];

    public Guid NextSite() => Pick(_sites);

    public DateTimeOffset NextTime() => CatalogSamples.Time(_random.Next(6)).AddTicks(_random.Next(-20_000, 20_000));

    public int NextLimit() => _random.Next(0, 8);

    public string NextSetting() => _random.Next(2) == 0 ? "one" : "two";

    public PlanQuery NextPlanQuery() => new()
    {
        Master = Maybe(() => Pick(_sites)),
        AnySite = Maybe(() => Pick(_sites)),
        Types = NextTypes(),
        Fuzzy = NextFuzzy(),
        IncludeDeleted = Chance(2),
        Skip = Chance(2) ? 0 : _random.Next(4),
        Take = NextTake(),
    };

    public MachineQuery NextMachineQuery() => new()
    {
        Plan = Maybe(NextPlan),
        Master = Maybe(() => Pick(_sites)),
        Slave = Maybe(() => Pick(_sites)),
        AnySite = Maybe(() => Pick(_sites)),
        Uuids = Chance(4) ? [NextUuid(), NextUuid(), NextUuid()] : [],
        Types = NextTypes(),
        Fuzzy = NextFuzzy(),
        IncludeRemoved = Chance(2),
        Skip = Chance(2) ? 0 : _random.Next(4),
        Take = NextTake(),
    };

    public PointQuery NextPointQuery() => new()
    {
        Machine = Maybe(NextMachine),
        Site = Maybe(() => Pick(_sites)),
        Name = Chance(4) ? NextPointName() : null,
        From = Maybe(NextTime),
        Until = Maybe(NextTime),
        ChangedAfter = Maybe(() => _random.NextInt64(4)),
        IncludeRemoved = Chance(2),
        Skip = Chance(2) ? 0 : _random.Next(4),
        Take = NextTake(),
    };

    private async Task<CatalogChange> NextChangeAsync(ICatalog model, CancellationToken cancellationToken)
    {
        switch (_random.Next(16))
        {
            case 0 or 1:
                var plan = CatalogSamples.Plan(_random.Next(1, 6));
                return new CatalogChange.PutPlan(plan with
                {
                    Name = Pick(_names),
                    Master = Pick(_sites),
                    Slave = Pick(_sites),
                    Type = NextType(),
                    Created = NextTime(),
                    Deleted = Maybe(NextTime),
                    RowVersion = NextVersion((await model.FindPlanAsync(plan.Uuid, cancellationToken))?.RowVersion),
                });
            case 2:
                return Chance(3) ? new CatalogChange.DeletePlan(NextPlan()) : new CatalogChange.PutSetting("two", null);
            case 3 or 4 or 5 or 6:
                var machine = CatalogSamples.Machine(_random.Next(100, 110), NextPlan());
                var stored = await model.FindMachineAsync(machine.Uuid, cancellationToken);
                if (stored is not null && Chance(2))
                {
                    return new CatalogChange.PutMachine(stored with { NextRun = Maybe(NextTime), LastError = Pick(_names) });
                }

                return new CatalogChange.PutMachine(machine with
                {
                    Name = Pick(_names),
                    MasterUuid = NextUuid(),
                    Created = NextTime(),
                    Removed = Maybe(NextTime),
                    NextRun = Maybe(NextTime),
                    RowVersion = NextVersion(stored?.RowVersion),
                });
            case 7:
                return Chance(3) ? new CatalogChange.DeleteMachine(NextMachine()) : new CatalogChange.PutSetting("one", Pick(_names));
            case 8 or 9 or 10:
                var point = CatalogSamples.Point(_random.Next(1, 12), NextMachine(), Pick(_sites));
                return new CatalogChange.PutPoint(point with
                {
                    Name = NextPointName(),
                    Began = NextTime(),
                    Committed = NextTime(),
                    Sequence = _random.Next(3),
                    FactsVersion = _random.Next(5),
                    Removed = Maybe(NextTime),
                    RowVersion = NextVersion((await model.FindPointAsync(point.Uuid, point.Site, cancellationToken))?.RowVersion),
                });
            case 11:
                return new CatalogChange.DeletePoint(CatalogSamples.Id(_random.Next(1, 12)), Pick(_sites));
            case 12:
                var link = CatalogSamples.Link(_random.Next(1, 4));
                var version = (await model.ListLinksAsync(cancellationToken)).FirstOrDefault(other => other.Uuid == link.Uuid)?.RowVersion;
                return new CatalogChange.PutLink(link with { Created = NextTime(), RowVersion = NextVersion(version) });
            case 13:
                var session = CatalogSamples.Session(_random.Next(1, 5));
                return Chance(3)
                    ? new CatalogChange.DeleteSession(session.Uuid)
                    : new CatalogChange.PutSession(session with { Started = NextTime(), RowVersion = NextVersion((await model.FindSessionAsync(session.Uuid, cancellationToken))?.RowVersion) });
            case 14:
                return new CatalogChange.PutRun(CatalogSamples.Run(_random.Next(1, 20), NextMachine()) with { Started = NextTime() });
            default:
                return new CatalogChange.AppendAudit(CatalogSamples.Audit(_random.Next(100)));
        }
    }

    private long NextVersion(long? stored) => Chance(12) ? _random.Next(-1, 4) : stored ?? 0;

    private Guid NextPlan() => CatalogSamples.Id(_random.Next(1, 7));

    private string NextPointName() => $"DT-{_random.Next(4)}";

    private string NextType() => Chance(2) ? "hci" : "vsphere";

    private string[] NextTypes() => _random.Next(6) switch { 0 => ["hci"], 1 => ["vsphere", "none"], _ => [] };

    private string NextFuzzy() => Chance(4) ? Pick(["ALPHA", "бета", "%", "_", "Ö", "2", "\\"]) : "";

    private int NextTake() => _random.Next(4) switch { 0 => _random.Next(4), _ => 1000 };

    private T Pick<T>(T[] values) => values[_random.Next(values.Length)];

    private bool Chance(int one) => _random.Next(one) == 0;

    private T? Maybe<T>(Func<T> value)
        where T : struct => Chance(4) ? value() : null;
}
