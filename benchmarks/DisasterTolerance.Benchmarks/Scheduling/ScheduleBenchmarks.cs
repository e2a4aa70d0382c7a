using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Benchmarks.Lists;
using DisasterTolerance.Catalog;
using DisasterTolerance.Scheduling;
using DisasterTolerance.Sqlite;

namespace DisasterTolerance.Benchmarks.Scheduling;

/// <summary>The schedule of a site with 10,000 machines in 500 plans, in a SQLite catalog: what one tick asks, and the rules over all machines.</summary>
[Gated]
[MemoryDiagnoser]
public class ScheduleBenchmarks
{
    private const int Plans = 500;
    private const int DueAtOnce = 256;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("schedule-");
    private readonly DateTimeOffset _now = LargeCatalogRows.Now;
    private ICatalog _catalog = null!;
    private MachineRow[] _machines = [];
    private Dictionary<Guid, PlanRow> _plans = [];

    [GlobalSetup]
    public async Task Setup()
    {
        var rows = new LargeCatalogRows();
        _plans = rows.AllPlans.Take(Plans).ToDictionary(plan => plan.Uuid);
        _machines = [.. rows.AllMachines.Where(machine => _plans.ContainsKey(machine.Plan))];
        _catalog = SqliteCatalogs.Create(new SqliteCatalogOptions { Path = Path.Combine(_folder.FullName, "catalog.db") }, new RandomIdSource());
        await _catalog.OpenAsync(default);
        var batch = new CatalogBatch();
        foreach (var plan in _plans.Values)
        {
            batch.Add(new CatalogChange.PutPlan(plan));
        }

        foreach (var machine in _machines)
        {
            batch.Add(new CatalogChange.PutMachine(machine));
        }

        await _catalog.CommitAsync(batch, default);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _catalog.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>A tick that finds nothing to do, as most do.</summary>
    [Benchmark]
    public async Task<int> Tick_NoneDue() => (await _catalog.ListDueMachinesAsync(_now - TimeSpan.FromDays(1), DueAtOnce, default)).Count;

    [Benchmark]
    public async Task<int> Tick_AllDue() => (await _catalog.ListDueMachinesAsync(_now + TimeSpan.FromDays(1), DueAtOnce, default)).Count;

    [Benchmark]
    public int CountDue() => _machines.Count(machine => ScheduleRules.IsDue(machine, _now));

    [Benchmark]
    public int InOrder() => ScheduleRules.InOrder(_machines).Count;

    [Benchmark]
    public int ReanchorAll()
    {
        var scheduled = 0;
        foreach (var machine in _machines)
        {
            scheduled += ScheduleRules.Reanchored(_plans[machine.Plan], machine, _now) is null ? 0 : 1;
        }

        return scheduled;
    }
}
