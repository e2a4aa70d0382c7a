using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;
using static DisasterTolerance.Api.Replay.ReferenceWorld;

namespace DisasterTolerance.Api.Replay;

/// <summary>The world of each example: its facts, its instant, the uuids that come next. The examples come from different days, so each has a world of its own.</summary>
internal static class ExampleWorlds
{
    private static readonly Dictionary<string, Func<Task<TwoSites>>> Worlds = new(StringComparer.Ordinal)
    {
        ["add"] = async () =>
        {
            var world = await LinkedAsync(Added);
            world.East.Ids.Give(Plan, Protected, SlaveSide);
            return world;
        },
        ["get"] = () => WithFactsAsync(Added, Put(PlanRow()), Put(MachineRow(1584600213))),
        ["delete"] = () => WithFactsAsync(Added, Put(PlanRow()), Put(MachineRow(1584600213))),
        ["list"] = () => WithFactsAsync(1584599000, Put(PlanRow()), Put(MachineRow(1584600213)), Put(OtherPlanRow()), Put(OtherMachineRow(1584599276 - 600))),
        ["edit"] = () => WithFactsAsync(1584599057, Put(PlanRow()), Put(MachineRow(1584600213))),
        ["mastercluster.backup.list"] = () => WithFactsAsync(
            1584599100, Put(PlanRow("计划12")), Put(MachineRow(1584600213)), Put(OtherPlanRow()), Put(OtherMachineRow(1584599276 - 600))),
        ["slavecluster.backup.list"] = () => WithFactsAsync(
            1584599400,
            Put(PlanRow("计划12")),
            Put(MachineRow(1584600213)),
            Put(OtherPlanRow()),
            Put(OtherMachineRow(1584599362) with { Own = new HoldingFacts(1872396288, 1, "DT-1584599362", At(1584599362), At(1584599363), At(1584599363)) })),
        ["state"] = () => WithFactsAsync(
            1584600300,
            Put(PlanRow("计划12")),
            Put(MachineRow(1584602013)),
            Put(OtherPlanRow()),
            Put(OtherMachineRow(1584600562 - 600)),
            new CatalogChange.PutPoint(PointRow(OtherProtected, Cluster212.Uuid, Cluster213.Uuid, 1584599962, 1))),
        ["vm.backup.list"] = () => WithFactsAsync(
            1629978700,
            Put(PlanRow()),
            Put(MachineRow(1629980435)),
            new CatalogChange.PutPoint(PointRow(Protected, Cluster213.Uuid, Cluster213.Uuid, 1629976835, 1)),
            new CatalogChange.PutPoint(PointRow(Protected, Cluster213.Uuid, Cluster213.Uuid, 1629978635, 2))),
        ["link.add"] = async () =>
        {
            var world = await LinkedAsync(1584600413);
            world.East.Ids.Give(Link);
            return world;
        },
        ["link.delete"] = () => WithLinkAsync(),
        ["link.list"] = () => WithLinkAsync(),
        ["link.checking"] = () => WithLinkAsync(),
        ["link.edit"] = async () =>
        {
            var world = await WithLinkAsync(limit: 50_000_000);
            await world.AdvanceAsync(At(1584601410) - world.Now);
            return world;
        },
        ["mastercluster.backup.recovery"] = WithPointAsync,
        ["slavecluster.backup.recovery"] = async () =>
        {
            var world = await WithPointAsync();
            world.East.Machines.SetPower(MasterSide, PowerState.Off);
            return world;
        },
        ["backup.execute"] = WithPointAsync,
        ["vm.confirm"] = async () =>
        {
            var world = await WithPointAsync();
            await world.RunAsync(() => world.East.Recovery.MigrateAsync(new MigrationRequest { Machine = Protected, AutoShutoff = true, Actor = "test" }));
            return world;
        },
    };

    public static IEnumerable<string> Names => Worlds.Keys.Order(StringComparer.Ordinal);

    /// <summary>Makes the world of an example; it is asked at cluster 213.</summary>
    public static Task<TwoSites> CreateAsync(string example) => Worlds[example]();

    /// <summary>Both sites run and see each other, at an instant. Nothing is protected yet.</summary>
    private static async Task<TwoSites> LinkedAsync(long now)
    {
        var world = Create(now - 400);
        world.East.Machines.WriteDisk(MasterSide, "disk0", 5_000, new byte[] { 4, 5, 6, 7 });
        world.East.Machines.SetPower(MasterSide, PowerState.On);
        await StartAsync(world);
        await world.AdvanceAsync(At(now) - world.Now);
        return world;
    }

    private static async Task<TwoSites> WithLinkAsync(long limit = -1)
    {
        var world = await LinkedAsync(1584600413);
        await AddLinkAsync(world, limit);
        return world;
    }

    /// <summary>The machine is protected, and both stores hold the point of the recovery examples.</summary>
    private static async Task<TwoSites> WithPointAsync()
    {
        var world = await LinkedAsync(Added);
        await AddLinkAsync(world);
        world.East.Ids.Give(Plan, Protected, SlaveSide);
        await world.RunAsync(() => world.East.Plans.AddAsync(Specification()));
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        world.East.Ids.Give(Guid.Empty, Point);
        var run = await world.RunAsync(() => world.East.Replication.RunAsync(new RunRequest(Protected, "test")));
        Assert.Equal((Point, ""), (run.Point, run.NotShippedBecause));
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        return world;
    }

    private static CatalogChange.PutPlan Put(PlanRow plan) => new(plan);

    private static CatalogChange.PutMachine Put(MachineRow machine) => new(machine);
}
