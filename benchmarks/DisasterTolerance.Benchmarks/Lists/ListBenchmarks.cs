using BenchmarkDotNet.Attributes;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Benchmarks.Lists;

/// <summary>A page of 50 through the public services, out of 1,000 plans with 20,000 machines and four million rows of points, in the shapes in which the HTTP routes ask for it.</summary>
[Config(typeof(OneCore))]
[MemoryDiagnoser]
public class ListBenchmarks
{
    private const int Length = 50;
    private const string Many = "PROD";
    private const string Few = "-1234";
    private const string None = "no such name";

    private ListSite _site = null!;
    private LargeCatalog _catalog = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        OneCore.Check();
        _catalog = await LargeCatalog.GetAsync();
        _site = await ListSite.OpenAsync(_catalog);
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _site.DisposeAsync();

    [Benchmark]
    public Task<int> Plans_First() => PlansAsync(new PlanQuery());

    [Benchmark]
    public Task<int> Plans_Deep() => PlansAsync(new PlanQuery { Skip = 900 });

    [Benchmark]
    public Task<int> Plans_OfLinkedSite() => PlansAsync(new PlanQuery { AnySite = LargeCatalogRows.There });

    [Benchmark]
    public Task<int> Plans_ByMasterAndType() => PlansAsync(new PlanQuery { Master = LargeCatalogRows.There, Types = ["vsphere"] });

    [Benchmark]
    public Task<int> Plans_FuzzyMany() => PlansAsync(new PlanQuery { Fuzzy = "FINANCE" });

    [Benchmark]
    public Task<int> Plans_FuzzyFew() => PlansAsync(new PlanQuery { Fuzzy = "研发 hourly 099" });

    [Benchmark]
    public Task<int> Plans_FuzzyNone() => PlansAsync(new PlanQuery { Fuzzy = None });

    [Benchmark]
    public Task<int> State_First() => MachinesAsync(new MachineQuery());

    [Benchmark]
    public Task<int> State_Deep() => MachinesAsync(new MachineQuery { Skip = 19_000 });

    [Benchmark]
    public Task<int> State_OfLinkedSite() => MachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.There });

    [Benchmark]
    public Task<int> State_OfLinkedSiteDeep() => MachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.There, Skip = 17_000 });

    [Benchmark]
    public Task<int> State_ByPlan() => MachinesAsync(new MachineQuery { Plan = _catalog.SomePlan });

    [Benchmark]
    public Task<int> State_ByType() => MachinesAsync(new MachineQuery { Types = ["vsphere"] });

    [Benchmark]
    public Task<int> State_ByUuids() => MachinesAsync(new MachineQuery { Uuids = _catalog.SomeMachines });

    [Benchmark]
    public Task<int> State_FuzzyMany() => MachinesAsync(new MachineQuery { Fuzzy = Many });

    [Benchmark]
    public Task<int> State_FuzzyManyDeep() => MachinesAsync(new MachineQuery { Fuzzy = Many, Skip = 6_000 });

    [Benchmark]
    public Task<int> State_FuzzyFew() => MachinesAsync(new MachineQuery { Fuzzy = Few });

    [Benchmark]
    public Task<int> State_FuzzyNone() => MachinesAsync(new MachineQuery { Fuzzy = None });

    [Benchmark]
    public Task<int> Master_First() => MachinesAsync(new MachineQuery { Master = LargeCatalogRows.Here });

    [Benchmark]
    public Task<int> Master_Deep() => MachinesAsync(new MachineQuery { Master = LargeCatalogRows.Here, Skip = 13_000 });

    [Benchmark]
    public Task<int> Master_FuzzyManyDeep() => MachinesAsync(new MachineQuery { Master = LargeCatalogRows.Here, Fuzzy = Many, Skip = 4_000 });

    [Benchmark]
    public Task<int> Master_FuzzyNone() => MachinesAsync(new MachineQuery { Master = LargeCatalogRows.Here, Fuzzy = None });

    [Benchmark]
    public Task<int> Slave_First() => MachinesAsync(new MachineQuery { Slave = LargeCatalogRows.Here });

    [Benchmark]
    public Task<int> Slave_OfLinkedSiteDeep() => MachinesAsync(new MachineQuery { AnySite = LargeCatalogRows.There, Slave = LargeCatalogRows.There, Skip = 11_000 });

    [Benchmark]
    public Task<int> Slave_FuzzyMany() => MachinesAsync(new MachineQuery { Slave = LargeCatalogRows.Here, Fuzzy = Many });

    private async Task<int> PlansAsync(PlanQuery query) => (await _site.Plans.ListAsync(query with { Take = Length })).Items.Count;

    private async Task<int> MachinesAsync(MachineQuery query) => (await _site.State.ListMachinesAsync(query with { Take = Length })).Items.Count;
}
