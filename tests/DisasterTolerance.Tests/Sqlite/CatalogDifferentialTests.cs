using DisasterTolerance.Catalog;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Conformance;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>The SQLite catalog and the one in memory answer alike, whatever is put and asked.</summary>
public class CatalogDifferentialTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int> Seeds => [1, 2, 3, Random.Shared.Next()];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Catalogs_RandomBatchesAndQueries_AnswerAlike(int seed)
    {
        var step = 0;
        try
        {
            using var directory = new CatalogDirectory();
            var file = new InMemoryCatalogFile();
            var random = new RandomCatalogUse(seed);
            for (var life = 0; life < 3; life++)
            {
                await using var real = directory.Create();
                await using var model = new InMemoryCatalog(file, new NumberedIds());
                Assert.Equal(await model.OpenAsync(Token), await real.OpenAsync(Token));
                for (var count = 0; count < 60; count++, step++)
                {
                    var batch = await random.NextBatchAsync(model, Token);
                    Assert.Equal(await OutcomeAsync(model, batch), await OutcomeAsync(real, batch));
                    await CompareAsync(model, real, random);
                }
            }
        }
        catch (Exception cause)
        {
            throw new InvalidOperationException($"Seed {seed}, step {step}: {cause.Message}", cause);
        }
    }

    private static async Task<string> OutcomeAsync(ICatalog catalog, CatalogBatch batch)
    {
        try
        {
            return $"commit {await catalog.CommitAsync(batch, Token)}";
        }
        catch (DisasterToleranceException refused)
        {
            return refused.Code.ToString();
        }
    }

    private static async Task CompareAsync(InMemoryCatalog model, ICatalog real, RandomCatalogUse random)
    {
        var plans = random.NextPlanQuery();
        Same(plans, await model.QueryPlansAsync(plans, Token), await real.QueryPlansAsync(plans, Token));
        var machines = random.NextMachineQuery();
        Same(machines, await model.QueryMachinesAsync(machines, Token), await real.QueryMachinesAsync(machines, Token));
        var points = random.NextPointQuery();
        Same(points, await model.QueryPointsAsync(points, Token), await real.QueryPointsAsync(points, Token));
        var ofPlans = random.NextPlans();
        var (plansOfModel, plansOfReal) = (await model.FindPlansWithMachinesAsync(ofPlans, Token), await real.FindPlansWithMachinesAsync(ofPlans, Token));
        Same("plans with machines", [.. plansOfModel.Select(one => one.Plan)], [.. plansOfReal.Select(one => one.Plan)]);
        Assert.Equal(plansOfModel.Count, plansOfReal.Count);
        foreach (var (one, other) in plansOfModel.Zip(plansOfReal))
        {
            Same("machines of a plan", one.Machines, other.Machines);
        }

        var (store, ofMachines) = (random.NextSite(), random.NextMachines());
        Same("newest points", await model.FindNewestPointsAsync(store, ofMachines, Token), await real.FindNewestPointsAsync(store, ofMachines, Token));
        var (until, limit) = (random.NextTime(), random.NextLimit());
        Same("due", await model.ListDueMachinesAsync(until, limit, Token), await real.ListDueMachinesAsync(until, limit, Token));
        Assert.Equal(await model.FindNextDueAsync(Token), await real.FindNextDueAsync(Token));
        var uuid = random.NextUuid();
        Same("any uuid", await model.FindMachinesByAnyUuidAsync(uuid, Token), await real.FindMachinesByAnyUuidAsync(uuid, Token));
        Same("links", await model.ListLinksAsync(Token), await real.ListLinksAsync(Token));
        Same("sessions", await model.ListSessionsAsync(Token), await real.ListSessionsAsync(Token));
        var machine = random.NextMachine();
        Same("runs", await model.ListRunsAsync(machine, limit, Token), await real.ListRunsAsync(machine, limit, Token));
        var after = random.NextLimit();
        Same("audit", await model.ReadAuditAsync(after, limit, Token), await real.ReadAuditAsync(after, limit, Token));
        var setting = random.NextSetting();
        Assert.Equal(await model.FindSettingAsync(setting, Token), await real.FindSettingAsync(setting, Token));
    }

    private static void Same<T>(object query, CatalogPage<T> expected, CatalogPage<T> actual)
        where T : class
    {
        Assert.Equal($"{query}: {expected.TotalCount}", $"{query}: {actual.TotalCount}");
        Same(query, expected.Items, actual.Items);
    }

    private static void Same<T>(object query, IReadOnlyList<T> expected, IReadOnlyList<T> actual)
        where T : class => Assert.Equal($"{query}: {string.Join("\n", expected.Select(RowText.Of))}", $"{query}: {string.Join("\n", actual.Select(RowText.Of))}");
}
