using System.Collections.Immutable;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Testing.Catalog;

/// <summary>Everything a catalog holds after one commit. Immutable: a commit makes the next one, or throws and makes none.</summary>
internal sealed record CatalogImage(Guid Id)
{
    public long Sequence { get; private init; }

    public ImmutableDictionary<string, string> Settings { get; private init; } = ImmutableDictionary<string, string>.Empty;

    public ImmutableDictionary<Guid, PlanRow> Plans { get; private init; } = ImmutableDictionary<Guid, PlanRow>.Empty;

    public ImmutableDictionary<Guid, MachineRow> Machines { get; private init; } = ImmutableDictionary<Guid, MachineRow>.Empty;

    public ImmutableDictionary<(Guid Point, Guid Site), PointRow> Points { get; private init; } = ImmutableDictionary<(Guid Point, Guid Site), PointRow>.Empty;

    public ImmutableDictionary<Guid, LinkRow> Links { get; private init; } = ImmutableDictionary<Guid, LinkRow>.Empty;

    public ImmutableDictionary<Guid, SessionRow> Sessions { get; private init; } = ImmutableDictionary<Guid, SessionRow>.Empty;

    public ImmutableDictionary<Guid, RunRow> Runs { get; private init; } = ImmutableDictionary<Guid, RunRow>.Empty;

    public ImmutableList<AuditEntry> Audit { get; private init; } = [];

    public CatalogImage After(CatalogBatch batch)
    {
        var next = batch.Changes.Aggregate(this, static (image, change) => image.After(change));
        return batch.Changes.Count == 0 ? this : next with { Sequence = Sequence + 1 };
    }

    private CatalogImage After(CatalogChange change) => change switch
    {
        CatalogChange.PutPlan { Row: var row } =>
            this with { Plans = Plans.SetItem(row.Uuid, Demand("plan", row.Uuid, row.RowVersion, Plans.GetValueOrDefault(row.Uuid)?.RowVersion, row with { RowVersion = row.RowVersion + 1 })) },
        CatalogChange.DeletePlan { Plan: var plan } => this with { Plans = Plans.Remove(plan) },
        CatalogChange.PutMachine { Row: var row } =>
            this with { Machines = Machines.SetItem(row.Uuid, Demand("machine", row.Uuid, row.RowVersion, Machines.GetValueOrDefault(row.Uuid)?.RowVersion, row with { RowVersion = row.RowVersion + 1 })) },
        CatalogChange.DeleteMachine { Machine: var machine } => this with
        {
            Machines = Machines.Remove(machine),
            Points = Points.RemoveRange(Points.Values.Where(point => point.Machine == machine).Select(point => (point.Uuid, point.Site))),
            Runs = Runs.RemoveRange(Runs.Values.Where(run => run.Machine == machine).Select(run => run.Uuid)),
        },
        CatalogChange.PutPoint { Row: var row } => this with
        {
            Points = Points.SetItem(
                (row.Uuid, row.Site),
                Demand("point", row.Uuid, row.RowVersion, Points.GetValueOrDefault((row.Uuid, row.Site))?.RowVersion, row with { RowVersion = row.RowVersion + 1 })),
        },
        CatalogChange.DeletePoint { Point: var point, Site: var site } => this with { Points = Points.Remove((point, site)) },
        CatalogChange.PutLink { Row: var row } =>
            this with { Links = Links.SetItem(row.Uuid, Demand("link", row.Uuid, row.RowVersion, Links.GetValueOrDefault(row.Uuid)?.RowVersion, row with { RowVersion = row.RowVersion + 1 })) },
        CatalogChange.PutSession { Row: var row } =>
            this with { Sessions = Sessions.SetItem(row.Uuid, Demand("receive session", row.Uuid, row.RowVersion, Sessions.GetValueOrDefault(row.Uuid)?.RowVersion, row with { RowVersion = row.RowVersion + 1 })) },
        CatalogChange.DeleteSession { Session: var session } => this with { Sessions = Sessions.Remove(session) },
        CatalogChange.PutRun { Row: var row } => WithRun(row),
        CatalogChange.AppendAudit { Entry: var entry } =>
            this with { Audit = Audit.Add(AuditChain.Link(entry, Audit.Count, Audit.IsEmpty ? AuditChain.Origin : Audit[^1].Hash)) },
        CatalogChange.PutSetting { Name: var name, Value: { } value } => this with { Settings = Settings.SetItem(name, value) },
        CatalogChange.PutSetting { Name: var name } => this with { Settings = Settings.Remove(name) },
        _ => throw new ArgumentException($"A change of type {change.GetType().Name} is unknown to this catalog.", nameof(change)),
    };

    private CatalogImage WithRun(RunRow row)
    {
        var runs = Runs.SetItem(row.Uuid, row);
        var old = CatalogSearch.NewestFirst(runs.Values, row.Machine).Skip(RunRow.KeptPerMachine).Select(run => run.Uuid);
        return this with { Runs = runs.RemoveRange(old) };
    }

    private static T Demand<T>(string kind, Guid uuid, long expected, long? found, T stored)
    {
        if ((found ?? 0) == expected)
        {
            return stored;
        }

        throw new DisasterToleranceException(
            ErrorCode.CatalogConflict,
            $"The {kind} {uuid} was changed by somebody else: version {expected} was to be replaced, but version {found ?? 0} is there. Nothing was stored. Read it again and repeat the change.");
    }
}
