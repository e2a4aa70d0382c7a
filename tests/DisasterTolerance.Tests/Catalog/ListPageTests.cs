using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Testing.Links;
using DisasterTolerance.Testing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Tests.Catalog;

/// <summary>What a page of a list asks of the catalog: so many calls, however long the page is.</summary>
public sealed class ListPageTests : IAsyncLifetime
{
    private readonly FaultPlan _calls = new(TimeProvider.System);
    private readonly ServiceProvider _services;

    public ListPageTests()
    {
        var network = new SimulatedLink(new SimulatedSite(Rows.SiteA, new string('a', 64)), new SimulatedSite(Rows.SiteB, new string('b', 64)), TimeProvider.System);
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(new FakeTimeProvider(Rows.Now.AddHours(10)));
        services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (Rows.SiteA, "a", "in memory"))
            .AddCatalog(provider => new FaultyCatalog(new InMemoryCatalog(new InMemoryCatalogFile(), provider.GetRequiredService<IIdSource>()), _calls))
            .AddHypervisor("hci", _ => new InMemoryHypervisor(TimeProvider.System))
            .AddStorage(_ => new InMemoryStorage())
            .AddTransport(_ => network.First)
            .AddPeer(new PeerOptions { Uuid = Rows.SiteB, Name = "b", Endpoint = "b:9301", PublicKey = new string('b', 64) });
        _services = services.BuildServiceProvider();
    }

    private ICatalog Catalog => _services.GetRequiredService<ICatalog>();

    private IPlanManager Plans => _services.GetRequiredService<IPlanManager>();

    private IStateReader State => _services.GetRequiredService<IStateReader>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await Catalog.OpenAsync(Token);

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    [Fact]
    public async Task ListPlans_LongerPage_AsksTheCatalogAsOften()
    {
        await ArrangeAsync(plans: 20, machinesPerPlan: 3);

        Assert.Equal(2, await CountAsync(async () => Assert.Equal(2, (await Plans.ListAsync(new PlanQuery { Take = 2 }, Token)).Items.Count)));
        Assert.Equal(2, await CountAsync(async () => Assert.Equal(20, (await Plans.ListAsync(new PlanQuery(), Token)).Items.Count)));
    }

    [Fact]
    public async Task ListMachines_LongerPageOfOnePlan_AsksTheCatalogAsOften()
    {
        await ArrangeAsync(plans: 1, machinesPerPlan: 40);

        var shortPage = await CountAsync(async () => Assert.Equal(2, (await State.ListMachinesAsync(new MachineQuery { Take = 2 }, Token)).Items.Count));
        var longPage = await CountAsync(async () => Assert.Equal(40, (await State.ListMachinesAsync(new MachineQuery(), Token)).Items.Count));

        Assert.Equal(shortPage, longPage);
    }

    [Fact]
    public async Task ListPlans_SeveralPlans_EachHasItsMachinesInOrder()
    {
        await ArrangeAsync(plans: 3, machinesPerPlan: 2);

        var views = (await Plans.ListAsync(new PlanQuery(), Token)).Items;

        Assert.Equal(["plan 2: vm5 vm6", "plan 1: vm3 vm4", "plan 0: vm1 vm2"], views.Select(view => $"{view.Plan.Name}: {string.Join(' ', view.Machines.Select(machine => machine.Name))}"));
    }

    [Fact]
    public async Task ListMachines_NewestPointDoesNotCount_RpoFollowsTheNewestThatDoes()
    {
        // The RPO is two hours and it is hour 10: a point of hour 9 meets it, one of hour 7 does not.
        await Catalog.CommitAsync(
            new CatalogBatch()
                .Add(new CatalogChange.PutPlan(Rows.Plan()))
                .Add(Known(1, []))
                .Add(new CatalogChange.PutPoint(Point(1, 9)))
                .Add(Known(2, []))
                .Add(new CatalogChange.PutPoint(Point(2, 9)))
                .Add(new CatalogChange.PutPoint(Point(2, 10) with { Damage = "a record is damaged" }))
                .Add(Known(3, [new BranchFork(2, null, 7, 9)]))
                .Add(new CatalogChange.PutPoint(Point(3, 7)))
                .Add(new CatalogChange.PutPoint(Point(3, 9)))
                .Add(Known(4, []))
                .Add(Known(5, []))
                .Add(new CatalogChange.PutPoint(Point(5, 9) with { Site = Rows.SiteA }))
                .Add(Known(6, [], owner: Rows.SiteB))
                .Add(new CatalogChange.PutPoint(Point(6, 9) with { Site = Rows.SiteA })),
            Token);

        var views = (await State.ListMachinesAsync(new MachineQuery(), Token)).Items;

        Assert.Equal(
            ["vm1 Met", "vm2 Met", "vm3 Missed", "vm4 Missed", "vm5 Missed", "vm6 Met"],
            views.Select(view => $"{view.Machine.Name} {view.Rpo}").Order(StringComparer.Ordinal));
    }

    private async Task ArrangeAsync(int plans, int machinesPerPlan)
    {
        var batch = new CatalogBatch();
        for (var number = 0; number < plans; number++)
        {
            var plan = Rows.Plan() with { Uuid = Rows.Id(0xc0, number), Name = $"plan {number}", Created = Rows.Now.AddMinutes(number) };
            batch.Add(new CatalogChange.PutPlan(plan));
            for (var place = 1; place <= machinesPerPlan; place++)
            {
                var machine = Rows.Machine((number * machinesPerPlan) + place) with { Plan = plan.Uuid, Created = plan.Created.AddSeconds(place) };
                batch.Add(new CatalogChange.PutMachine(machine));
                batch.Add(new CatalogChange.PutPoint(Rows.Point(1, site: Rows.SiteB) with { Uuid = machine.MasterUuid, Machine = machine.Uuid }));
            }
        }

        await Catalog.CommitAsync(batch, Token);
    }

    private async Task<int> CountAsync(Func<Task> list)
    {
        var before = _calls.CountCalls("Catalog.*");
        await list();
        return _calls.CountCalls("Catalog.*") - before;
    }

    private static CatalogChange.PutMachine Known(int number, IReadOnlyList<BranchFork> forks, Guid? owner = null) => new(
        Rows.Machine(number) with { Forks = forks, Ownership = new Ownership(1, owner ?? Rows.SiteA, Rows.Now), PeerCatalog = Rows.SiteB });

    private static PointRow Point(int number, int hour) => Rows.Point(hour, site: Rows.SiteB) with { Uuid = Rows.Id(number, hour), Machine = Rows.Machine(number).Uuid };
}
