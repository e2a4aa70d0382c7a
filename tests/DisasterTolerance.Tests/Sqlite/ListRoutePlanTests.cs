using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite.Reading;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>The lists of the HTTP routes, in every shape that a request can give them: which index a page is read from, in its order, and that the count reads only the index.</summary>
public sealed class ListRoutePlanTests : IAsyncLifetime
{
    private static readonly Guid _uuid = Guid.Empty;
    private static readonly string[] _types = ["hci"];

    private readonly CatalogDirectory _directory = new();

    public static TheoryData<string, PlanQuery, string> PlanLists
    {
        get
        {
            var all = "SCAN plans USING INDEX plans_by_created";
            return new()
            {
                { "list", new PlanQuery(), all },
                { "list", new PlanQuery { AnySite = _uuid }, all },
                { "list", new PlanQuery { AnySite = _uuid, Master = _uuid }, all },
                { "list", new PlanQuery { AnySite = _uuid, Types = _types }, all },
                { "list", new PlanQuery { AnySite = _uuid, Fuzzy = "x" }, all },
                { "list", new PlanQuery { AnySite = _uuid, Master = _uuid, Types = _types, Fuzzy = "x" }, all },
            };
        }
    }

    public static TheoryData<string, MachineQuery, string> MachineLists
    {
        get
        {
            var all = "SCAN machines USING INDEX machines_by_created";
            var ofPlan = "SEARCH machines USING INDEX machines_by_plan (plan=?)";
            var ofMaster = "SEARCH machines USING INDEX machines_by_master (plan_master=?)";
            var ofSlave = "SEARCH machines USING INDEX machines_by_slave (plan_slave=?)";
            return new()
            {
                { "state", new MachineQuery(), all },
                { "state", new MachineQuery { AnySite = _uuid }, all },
                { "state", new MachineQuery { AnySite = _uuid, Types = _types }, all },
                { "state", new MachineQuery { AnySite = _uuid, Fuzzy = "x" }, all },
                { "state", new MachineQuery { AnySite = _uuid, Types = _types, Fuzzy = "x" }, all },
                { "state", new MachineQuery { AnySite = _uuid, Master = _uuid }, ofMaster },
                { "state", new MachineQuery { AnySite = _uuid, Master = _uuid, Types = _types }, ofMaster },
                { "state", new MachineQuery { AnySite = _uuid, Master = _uuid, Types = _types, Fuzzy = "x" }, all },
                { "state", new MachineQuery { AnySite = _uuid, Plan = _uuid }, ofPlan },
                { "state", new MachineQuery { AnySite = _uuid, Plan = _uuid, Master = _uuid, Types = _types }, ofPlan },
                { "mastercluster", new MachineQuery { Master = _uuid }, ofMaster },
                { "mastercluster", new MachineQuery { Master = _uuid, Slave = _uuid }, ofMaster },
                { "mastercluster", new MachineQuery { Master = _uuid, Types = _types }, ofMaster },
                { "mastercluster", new MachineQuery { Master = _uuid, Plan = _uuid }, ofPlan },
                { "mastercluster", new MachineQuery { Master = _uuid, Fuzzy = "x" }, all },
                { "slavecluster", new MachineQuery { Slave = _uuid }, ofSlave },
                { "slavecluster", new MachineQuery { Slave = _uuid, Types = _types }, ofSlave },
                { "slavecluster", new MachineQuery { Slave = _uuid, AnySite = _uuid }, all },
                { "slavecluster", new MachineQuery { Slave = _uuid, Master = _uuid, AnySite = _uuid }, ofMaster },
                { "slavecluster", new MachineQuery { Slave = _uuid, Plan = _uuid }, ofPlan },
                { "slavecluster", new MachineQuery { Slave = _uuid, Fuzzy = "x" }, all },
            };
        }
    }

    public async ValueTask InitializeAsync() => await (await _directory.OpenAsync()).DisposeAsync();

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [MemberData(nameof(PlanLists))]
    public void PlanLists_AnyShape_ReadTheirIndexInOrder(string route, PlanQuery query, string index) => Check(route, PlanSelection.Of(query), query, index);

    [Theory]
    [MemberData(nameof(MachineLists))]
    public void MachineLists_AnyShape_ReadTheirIndexInOrder(string route, MachineQuery query, string index) => Check(route, MachineSelection.Of(query), query, index);

    [Fact]
    public void PlanAndFuzzy_ReadsOnlyThePlansMachines()
    {
        // The names are not in the plan's index: the rows of one plan are read, of which there are few.
        var selection = MachineSelection.Of(new MachineQuery { AnySite = _uuid, Plan = _uuid, Fuzzy = "x" });

        Assert.Equal("SEARCH machines USING INDEX machines_by_plan (plan=?)", Explain(selection.PageSql, selection));
        Assert.Equal("SEARCH machines USING INDEX machines_by_plan (plan=?)", Explain(selection.CountSql, selection));
    }

    [Theory]
    [InlineData(Statements.MachinesOfPlan, "SEARCH machines USING INDEX machines_by_plan (plan=?)")]
    [InlineData(Statements.NewestPoint, "SEARCH points USING INDEX points_by_machine (machine=?)")]
    [InlineData(Statements.Plan, "SEARCH plans USING INDEX sqlite_autoindex_plans_1 (uuid=?)")]
    [InlineData(Statements.Links, "SCAN links USING INDEX links_by_created")]
    public void FollowUps_OfAPage_AreSearchesByIndex(string sql, string plan) =>
        Assert.Equal(plan, QueryPlan.Of(_directory.File, sql, [.. Parameters(sql).Select(name => (name, (object)1L))]));

    private void Check(string route, Selection selection, object query, string index)
    {
        var page = Explain(selection.PageSql, selection);
        QueryPlan.DemandIndexed(page, $"{route}, {query}");
        Assert.StartsWith(index, page, StringComparison.Ordinal);
        var count = Explain(selection.CountSql, selection);
        QueryPlan.DemandIndexed(count, $"{route}, {query}");
        Assert.Contains("USING COVERING INDEX", count, StringComparison.Ordinal);
    }

    private string Explain(string sql, Selection selection) => QueryPlan.Of(_directory.File, sql, [.. selection.Parameters, ("$skip", 0L), ("$take", 50L)]);

    private static IEnumerable<string> Parameters(string sql) => sql.Split(' ', ',', ')').Where(word => word.StartsWith('$')).Distinct();
}
