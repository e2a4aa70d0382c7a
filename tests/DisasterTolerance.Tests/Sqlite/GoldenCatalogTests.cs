using System.Text.Json.Nodes;
using DisasterTolerance.Catalog;
using DisasterTolerance.Testing.Conformance;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>A catalog of the first release opens for ever, with every member of every row. The golden file is never made again; a new schema version gets one of its own.
/// A member that is added later reads here as it was absent: zero, false or null, which must be a fit meaning for rows of old.</summary>
public sealed class GoldenCatalogTests : IDisposable
{
    private readonly CatalogDirectory _directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static PlanRow DeletedPlan => CatalogSamples.Plan(2) with { Deleted = CatalogSamples.Time(3) };

    // Without the members that later releases added.
    private static MachineRow Machine => Sample with { Removed = CatalogSamples.Time(4), Boot = null, Pending = Sample.Pending! with { FromExports = false } };

    private static MachineRow Sample => CatalogSamples.Machine(3, CatalogSamples.Id(1));

    private static RunRow Run => CatalogSamples.Run(7, Machine.Uuid) with { ConsolePicture = default };

    private static PointRow Point => CatalogSamples.Point(4, Machine.Uuid, CatalogSamples.SiteA) with { Removed = CatalogSamples.Time(5) };

    public static CatalogBatch Content() => new CatalogBatch()
        .Add(new CatalogChange.PutPlan(CatalogSamples.Plan(1)))
        .Add(new CatalogChange.PutPlan(DeletedPlan))
        .Add(new CatalogChange.PutMachine(Machine))
        .Add(new CatalogChange.PutPoint(Point))
        .Add(new CatalogChange.PutLink(CatalogSamples.Link(5)))
        .Add(new CatalogChange.PutSession(CatalogSamples.Session(6)))
        .Add(new CatalogChange.PutRun(Run))
        .Add(new CatalogChange.AppendAudit(CatalogSamples.Audit(8)))
        .Add(new CatalogChange.AppendAudit(CatalogSamples.Audit(9)))
        .Add(new CatalogChange.PutSetting("name", "value 值"));

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Open_CatalogOfVersion1_ReadsEveryMember()
    {
        _directory.Tamper(await GoldenAsync());
        await using var catalog = _directory.Create();
        Assert.Equal(new CatalogState(new Guid("44544354-0000-4000-8000-000000000001"), 1, false), await catalog.OpenAsync(Token));

        Same(CatalogSamples.Plan(1) with { RowVersion = 1 }, await catalog.FindPlanAsync(CatalogSamples.Id(1), Token));
        Same(DeletedPlan with { RowVersion = 1 }, await catalog.FindPlanAsync(CatalogSamples.Id(2), Token));
        Same(Machine with { RowVersion = 1 }, await catalog.FindMachineAsync(Machine.Uuid, Token));
        Same(Point with { RowVersion = 1 }, await catalog.FindPointAsync(Point.Uuid, Point.Site, Token));
        Same(CatalogSamples.Link(5) with { RowVersion = 1 }, Assert.Single(await catalog.ListLinksAsync(Token)));
        Same(CatalogSamples.Session(6) with { RowVersion = 1 }, Assert.Single(await catalog.ListSessionsAsync(Token)));
        Same(Run, Assert.Single(await catalog.ListRunsAsync(Machine.Uuid, 10, Token)));
        Assert.Equal("value 值", await catalog.FindSettingAsync("name", Token));
        var audit = await catalog.ReadAuditAsync(0, 10, Token);
        Assert.Equal(2, audit.Count);
        Assert.Null(AuditChain.FindBreak(audit, 0, AuditChain.Origin));
        Assert.Equal(Machine.Uuid, Assert.Single((await catalog.QueryMachinesAsync(new MachineQuery { Master = CatalogSamples.SiteA, IncludeRemoved = true }, Token)).Items).Uuid);
    }

    [Fact]
    public async Task Create_NewCatalog_HasTheGoldenSchemaAndRows()
    {
        _directory.Tamper(await GoldenAsync());
        var made = _directory.PathOf("made.db");
        await using (var catalog = await _directory.OpenAsync(made))
        {
            await catalog.CommitAsync(Content(), Token);
        }

        Assert.Equal(Lines("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"), Lines("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name", made));
        Assert.Equal(Lines("SELECT name || hex(value) FROM meta ORDER BY name"), Lines("SELECT name || hex(value) FROM meta ORDER BY name", made));
        foreach (var table in (string[])["plans", "machines", "points", "links", "sessions", "runs", "audit"])
        {
            var (old, young) = (Lines($"SELECT body FROM {table} ORDER BY rowid"), Lines($"SELECT body FROM {table} ORDER BY rowid", made));
            Assert.Equal(old.Count, young.Count);
            foreach (var (oldBody, youngBody) in old.Zip(young))
            {
                DemandSame(JsonNode.Parse(oldBody), JsonNode.Parse(youngBody), table);
            }
        }

        IReadOnlyList<string> Lines(string sql, string? file = null) => _directory.Lines(sql, file);
    }

    // A later release may write more members, but those of the first in the same way.
    private static void DemandSame(JsonNode? old, JsonNode? young, string where)
    {
        if (old is JsonObject oldObject && young is JsonObject youngObject)
        {
            Assert.All(oldObject, member => DemandSame(member.Value, youngObject[member.Key], $"{where}.{member.Key}"));
        }
        else if (old is JsonArray oldArray && young is JsonArray youngArray && oldArray.Count == youngArray.Count)
        {
            Assert.All(oldArray.Zip(youngArray), pair => DemandSame(pair.First, pair.Second, where));
        }
        else
        {
            Assert.True(JsonNode.DeepEquals(old, young), $"{where} is written differently.");
        }
    }

    private static Task<string> GoldenAsync() => File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Golden", "catalog-v1.sql"), Token);

    private static void Same<T>(T expected, T? actual)
        where T : class => Assert.Equal(RowText.Of(expected), RowText.Of(actual));
}
