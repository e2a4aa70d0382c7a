using System.Text.RegularExpressions;
using DisasterTolerance.Catalog;
using DisasterTolerance.Sqlite.Reading;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>Every query is served by an index, in order: a table is never read through, and nothing is sorted.</summary>
public sealed partial class QueryPlanTests : IAsyncLifetime, IDisposable
{
    private readonly CatalogDirectory _directory = new();

    public async ValueTask InitializeAsync() => await (await _directory.OpenAsync()).DisposeAsync();

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void PlanQueries_EveryCombination_UseAnIndexInOrder()
    {
        foreach (var flags in Enumerable.Range(0, 1 << 5))
        {
            var query = new PlanQuery
            {
                Master = Has(flags, 0) ? Guid.Empty : null,
                AnySite = Has(flags, 1) ? Guid.Empty : null,
                Types = Has(flags, 2) ? ["hci"] : [],
                Fuzzy = Has(flags, 3) ? "x" : "",
                IncludeDeleted = Has(flags, 4),
            };
            Check(PlanSelection.Of(query), query, "plans_by_created");
        }
    }

    [Fact]
    public void MachineQueries_EveryCombination_UseAnIndexInOrder()
    {
        foreach (var flags in Enumerable.Range(0, 1 << 8))
        {
            var query = new MachineQuery
            {
                Plan = Has(flags, 0) ? Guid.Empty : null,
                Master = Has(flags, 1) ? Guid.Empty : null,
                Slave = Has(flags, 2) ? Guid.Empty : null,
                Types = Has(flags, 3) ? ["hci"] : [],
                Fuzzy = Has(flags, 4) ? "x" : "",
                IncludeRemoved = Has(flags, 5),
                Uuids = Has(flags, 6) ? [Guid.Empty] : [],
                AnySite = Has(flags, 7) ? Guid.Empty : null,
            };
            if (query.Uuids.Count > 0)
            {
                var plan = Explain(MachineSelection.Of(query).PageSql, MachineSelection.Of(query).Parameters);
                Assert.Contains("SEARCH machines USING INTEGER PRIMARY KEY", plan);
                Assert.Contains("USING COVERING INDEX sqlite_autoindex_machines_1 (uuid=?)", plan);
                Assert.Contains("USING COVERING INDEX machines_by_master_uuid (master_uuid=?)", plan);
                Assert.Contains("USING COVERING INDEX machines_by_slave_uuid (slave_uuid=?)", plan);
                continue;
            }

            var search = query switch
            {
                { Plan: not null } => "machines_by_plan (plan=?",
                { Fuzzy.Length: > 0 } => "machines_by_created",
                { Master: not null } => "machines_by_master (plan_master=?",
                { Slave: not null, AnySite: null } => "machines_by_slave (plan_slave=?",
                _ => "machines_by_created",
            };
            Check(MachineSelection.Of(query), query, search);
        }
    }

    [Fact]
    public void PointQueries_EveryCombination_UseAnIndexInOrder()
    {
        foreach (var flags in Enumerable.Range(0, 1 << 7))
        {
            var query = new PointQuery
            {
                Machine = Has(flags, 0) ? Guid.Empty : null,
                Site = Has(flags, 1) ? Guid.Empty : null,
                Name = Has(flags, 2) ? "DT-1" : null,
                From = Has(flags, 3) ? DateTimeOffset.UnixEpoch : null,
                Until = Has(flags, 4) ? DateTimeOffset.UnixEpoch : null,
                ChangedAfter = Has(flags, 5) ? 1 : null,
                IncludeRemoved = Has(flags, 6),
            };
            var search = query switch
            {
                { Name: not null } => "points_by_name (name=?",
                { Machine: not null } => "points_by_machine (machine=?",
                _ => "points_by_began",
            };
            Check(PointSelection.Of(query), query, search);
        }
    }

    [Fact]
    public void FixedStatements_All_UseAnIndexInOrder()
    {
        foreach (var sql in Statements.All)
        {
            var parameters = ParameterName().Matches(sql).Select(match => (match.Value, (object)1L)).ToArray();
            QueryPlan.DemandIndexed(Explain(sql, parameters), sql);
        }
    }

    [Fact]
    public void CountQueries_UsualFilters_ReadOnlyTheIndex()
    {
        Assert.Contains("COVERING INDEX machines_by_master", Explain(MachineSelection.Of(new MachineQuery { Master = Guid.Empty, Types = ["hci"] })));
        Assert.Contains("COVERING INDEX machines_by_slave", Explain(MachineSelection.Of(new MachineQuery { Slave = Guid.Empty, Types = ["hci"] })));
        Assert.Contains("COVERING INDEX machines_by_created", Explain(MachineSelection.Of(new MachineQuery { Master = Guid.Empty, Fuzzy = "x" })));
        Assert.Contains("COVERING INDEX machines_by_created", Explain(MachineSelection.Of(new MachineQuery { AnySite = Guid.Empty, Types = ["hci"] })));
        Assert.Contains("COVERING INDEX machines_by_created", Explain(MachineSelection.Of(new MachineQuery { AnySite = Guid.Empty, Slave = Guid.Empty })));
        Assert.Contains("COVERING INDEX machines_by_master", Explain(MachineSelection.Of(new MachineQuery { AnySite = Guid.Empty, Master = Guid.Empty })));
        Assert.Contains("COVERING INDEX points_by_machine", Explain(PointSelection.Of(new PointQuery { Machine = Guid.Empty, Site = Guid.Empty, From = DateTimeOffset.UnixEpoch })));
        Assert.Contains("COVERING INDEX points_by_name", Explain(PointSelection.Of(new PointQuery { Machine = Guid.Empty, Site = Guid.Empty, Name = "DT-1" })));
        Assert.Contains("COVERING INDEX plans_by_created", Explain(PlanSelection.Of(new PlanQuery { AnySite = Guid.Empty, Fuzzy = "x", Types = ["hci"] })));

        string Explain(Selection selection) => this.Explain(selection.CountSql, selection.Parameters);
    }

    private void Check(Selection selection, object query, string index)
    {
        foreach (var sql in (string[])[selection.PageSql, selection.CountSql])
        {
            var plan = Explain(sql, [.. selection.Parameters, ("$skip", 0L), ("$take", 50L)]);
            QueryPlan.DemandIndexed(plan, $"{query}: {sql}");
            if (sql == selection.PageSql || index.Contains('(', StringComparison.Ordinal))
            {
                // All rows are counted over whichever index is the smallest.
                Assert.Contains(index, plan);
            }
        }
    }

    private string Explain(string sql, IEnumerable<(string Name, object Value)> parameters) => QueryPlan.Of(_directory.File, sql, parameters);

    private static bool Has(int flags, int bit) => (flags >> bit & 1) != 0;

    [GeneratedRegex(@"\$\w+")]
    private static partial Regex ParameterName();
}
