using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Benchmarks.Lists;

/// <summary>A page of 50 of the lists that a console shows, on one core, out of 1,000 plans with 20,000 machines and four million rows of points.</summary>
[Config(typeof(OneCore))]
[MemoryDiagnoser]
public class ListBenchmarks
{
    private const int Length = 50;

    private ListSite _site = null!;
    private Guid _plan;

    [GlobalSetup]
    public async Task Setup()
    {
        var catalog = await LargeCatalog.GetAsync();
        _plan = catalog.SomePlan;
        _site = await ListSite.OpenAsync(catalog);
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _site.DisposeAsync();

    [Benchmark]
    public Task<int> Plans_First() => ListPlansAsync(new PlanQuery { AnySite = LargeCatalogRows.Here });

    [Benchmark]
    public Task<int> Plans_Deep() => ListPlansAsync(new PlanQuery { AnySite = LargeCatalogRows.Here, Skip = 900 });

    [Benchmark]
    public Task<int> Plans_ByTypeAndMaster() => ListPlansAsync(new PlanQuery { Master = LargeCatalogRows.There, Types = ["vsphere"] });

    [Benchmark]
    public Task<int> Plans_FuzzyMany() => ListPlansAsync(new PlanQuery { AnySite = LargeCatalogRows.Here, Fuzzy = "Finance" });

    [Benchmark]
    public Task<int> Plans_FuzzyFew() => ListPlansAsync(new PlanQuery { AnySite = LargeCatalogRows.Here, Fuzzy = "研发 hourly 099" });

    [Benchmark]
    public Task<int> Plans_FuzzyNone() => ListPlansAsync(new PlanQuery { AnySite = LargeCatalogRows.Here, Fuzzy = "no such name" });

    [Benchmark]
    public Task<int> State_First() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here });

    [Benchmark]
    public Task<int> State_Deep() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here, Skip = 19_000 });

    [Benchmark]
    public Task<int> State_ByPlan() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here, Plan = _plan });

    [Benchmark]
    public Task<int> State_ByType() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here, Types = ["vsphere"] });

    [Benchmark]
    public Task<int> State_FuzzyMany() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here, Fuzzy = "PROD" });

    [Benchmark]
    public Task<int> State_FuzzyManyDeep() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here, Fuzzy = "PROD", Skip = 6_000 });

    [Benchmark]
    public Task<int> State_FuzzyFew() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here, Fuzzy = "-1234" });

    [Benchmark]
    public Task<int> State_FuzzyNone() => ListMachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.Here, Fuzzy = "no such name" });

    [Benchmark]
    public Task<int> Master_First() => ListMachinesAsync(new MachineQuery { Master = LargeCatalogRows.Here });

    [Benchmark]
    public Task<int> Master_Deep() => ListMachinesAsync(new MachineQuery { Master = LargeCatalogRows.Here, Skip = 13_000 });

    [Benchmark]
    public Task<int> Master_FuzzyMany() => ListMachinesAsync(new MachineQuery { Master = LargeCatalogRows.Here, Fuzzy = "PROD" });

    [Benchmark]
    public Task<int> Slave_First() => ListMachinesAsync(new MachineQuery { Slave = LargeCatalogRows.Here });

    [Benchmark]
    public Task<int> Slave_Deep() => ListMachinesAsync(new MachineQuery { Slave = LargeCatalogRows.Here, Skip = 5_000 });

    [Benchmark]
    public Task<int> Slave_FuzzyNone() => ListMachinesAsync(new MachineQuery { Slave = LargeCatalogRows.Here, Fuzzy = "no such name" });

    [Benchmark]
    public Task<int> Http_List() => PostAsync("list");

    [Benchmark]
    public Task<int> Http_State() => PostAsync("state");

    private async Task<int> ListPlansAsync(PlanQuery query) => (await _site.Plans.ListAsync(query with { Take = Length })).Items.Count;

    private async Task<int> ListMachinesAsync(MachineQuery query) => (await _site.State.ListMachinesAsync(query with { Take = Length })).Items.Count;

    private async Task<int> PostAsync(string route)
    {
        using var content = new StringContent("""{"cluster_uuid":"5ea15037-7a21-4233-8c69-b8112156c474","number":50}""");
        using var response = await _site.Client.PostAsync(new Uri("/v1/disaster_tolerant_plan/" + route, UriKind.Relative), content);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadAsByteArrayAsync()).Length;
    }

    // In this process, so that all benchmarks share one catalog: it takes minutes to make.
    private sealed class OneCore : ManualConfig
    {
        public OneCore()
        {
            AddJob(Job.Default.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromHours(1), logOutput: true)).WithAffinity(1).WithId("one core"));
            AddColumn(StatisticColumn.Median);
        }
    }
}
