using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Api.Replay;

/// <summary>The two sites, the machine and the uuids of the API reference.</summary>
internal static class ReferenceWorld
{
    public static readonly SiteFacts Cluster213 = new(new("5ea15037-7a21-4233-8c69-b8112156c474"), "cluster_name_213");
    public static readonly SiteFacts Cluster212 = new(new("b62e7f1b-28c2-4fa7-9226-63231bbd84ea"), "cluster_name_212");
    public static readonly Guid Plan = new("28215d7b-6e3e-487d-a7bc-11804b876dda");
    public static readonly Guid Protected = new("ec914c7f-f3c4-4c7d-9bbb-5cc4abea5080");
    public static readonly Guid MasterSide = new("d3514d6f-4b92-488e-8f33-6ae1ad7ce5ba");
    public static readonly Guid SlaveSide = new("b1603bf2-9777-40a5-8208-62cf5a2d4be7");
    public static readonly Guid Point = new("74130b9b-7547-4a1f-82f0-2df7a7192d49");
    public static readonly Guid Link = new("753ae07c-38e6-42b2-aa6b-8b57e47f3702");
    public static readonly Guid OtherPlan = new("de77ec92-ab63-4a7e-97dc-6c4e9ec667cf");
    public static readonly Guid OtherProtected = new("0399fca1-fc60-43c8-beb5-c8330bfd65e6");
    public static readonly Guid OtherMasterSide = new("3448a0dd-db8f-4ed5-a882-48096ab5367b");
    public static readonly Guid OtherSlaveSide = new("27aba45e-c713-45a9-bc14-c879990b5898");

    /// <summary>When the plan of the examples was added.</summary>
    public const long Added = 1584598413;

    /// <summary>When the other plan was added.</summary>
    public const long OtherAdded = 1584590276;

    public static DateTimeOffset At(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds);

    /// <summary>The two sites at an instant, not started. The store of cluster 213 is called HDD, and its peer has the host of <c>link/checking</c>.</summary>
    public static TwoSites Create(long now)
    {
        var world = TwoSites.Create(facts: new WorldFacts(At(now), Cluster213, Cluster212));
        world.East.PeerHosts = ["10.30.11.210"];
        foreach (var site in world.Sites)
        {
            site.Configure = builder => builder.ConfigureStore(store => store.Media = ["HDD"]);
        }

        world.East.Machines.AddMachine(MasterSide, new MachineDefinition { Name = "vm2", Group = "default", Disks = [new("disk0", 100_000)] });
        return world;
    }

    /// <summary>Starts both sites, without a link row: nothing is said of the link then.</summary>
    public static async Task StartAsync(TwoSites world)
    {
        await world.RunAsync(async () =>
        {
            await world.East.StartAsync();
            await world.West.StartAsync();
        });
        await world.UntilAsync(() => world.East.SeesPeer && world.West.SeesPeer, TimeSpan.FromMinutes(10));
    }

    /// <summary>Adds the link of the examples.</summary>
    public static async Task AddLinkAsync(TwoSites world, long limit = -1)
    {
        world.East.Ids.Give(Link);
        await world.RunAsync(() => world.East.Links.AddAsync(
            new LinkSpecification(Cluster213.Uuid, Cluster213.Name, Cluster212.Uuid, Cluster212.Name, limit, [Cluster213.Name, Cluster212.Name], "test")));
    }

    /// <summary>The plan of the examples, to be added.</summary>
    public static Plans.PlanSpecification Specification() => new()
    {
        Name = "计划1",
        Master = Cluster213.Uuid,
        Slave = Cluster212.Uuid,
        Rpo = TimeSpan.FromSeconds(3600),
        Interval = TimeSpan.FromSeconds(1800),
        ReserveDuration = TimeSpan.FromSeconds(2592000),
        Type = "hci",
        StorageMedium = "HDD",
        Machines = [new() { MasterUuid = MasterSide }],
        Actor = "test",
    };

    /// <summary>The plan of the examples as it is stored; its machine has no name in the plan, as the examples that show it have none.</summary>
    public static PlanRow PlanRow(string name = "计划1", long modified = Added) => new()
    {
        Uuid = Plan,
        Name = name,
        Master = Cluster213.Uuid,
        Slave = Cluster212.Uuid,
        Rpo = TimeSpan.FromSeconds(3600),
        Interval = TimeSpan.FromSeconds(1800),
        Retention = RetentionPolicy.KeepFor(TimeSpan.FromSeconds(2592000)),
        Type = "hci",
        StorageMedium = "HDD",
        Created = At(Added),
        Modified = At(modified),
    };

    public static MachineRow MachineRow(long nextRun) => new()
    {
        Uuid = Protected,
        Plan = Plan,
        Name = "",
        MasterUuid = MasterSide,
        SlaveUuid = SlaveSide,
        Created = At(Added),
        NextRun = At(nextRun),
        Ownership = new Ownership(1, Cluster213.Uuid, At(Added)),
        Guest = new GuestFacts("vm2", PowerState.On, null, "default", "", "", false, At(Added)),
    };

    /// <summary>The plan that the other site is the master of.</summary>
    public static PlanRow OtherPlanRow() => new()
    {
        Uuid = OtherPlan,
        Name = "plan1",
        Master = Cluster212.Uuid,
        Slave = Cluster213.Uuid,
        Rpo = TimeSpan.FromSeconds(3600),
        Interval = TimeSpan.FromSeconds(600),
        Retention = RetentionPolicy.KeepFor(TimeSpan.FromSeconds(2592000)),
        Type = "hci",
        Created = At(OtherAdded),
        Modified = At(OtherAdded),
    };

    /// <param name="lastRun">When its owner started its last run; the next one follows from it.</param>
    public static MachineRow OtherMachineRow(long lastRun) => new()
    {
        Uuid = OtherProtected,
        Plan = OtherPlan,
        Name = "",
        MasterUuid = OtherMasterSide,
        SlaveUuid = OtherSlaveSide,
        Created = At(OtherAdded),
        LastRunStarted = At(lastRun),
        Ownership = new Ownership(1, Cluster212.Uuid, At(OtherAdded)),
        Guest = new GuestFacts("test-子", PowerState.On, ["10.30.14.196"], "default", "", "67521b-a639-8618-3250-67923bba2cea", false, At(OtherAdded)),
    };

    /// <summary>A point in the store of a site.</summary>
    public static PointRow PointRow(Guid machine, Guid origin, Guid site, long began, long sequence) => new()
    {
        Uuid = new Guid((int)began, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
        Site = site,
        Machine = machine,
        Name = $"DT-{began}",
        Began = At(began),
        Committed = At(began + 1),
        Origin = origin,
        Epoch = 1,
        Sequence = sequence,
        Manifest = ContentHash.Of(BitConverter.GetBytes(began)),
        Consistency = SnapshotConsistency.Crash,
    };

    /// <summary>Puts facts into the catalog of cluster 213, whose peer is not there to tell others.</summary>
    public static async Task<TwoSites> WithFactsAsync(long now, params CatalogChange[] facts)
    {
        var world = Create(now);
        await world.RunAsync(() => world.East.StartAsync());
        await world.RunAsync(async () =>
        {
            var batch = new CatalogBatch();
            foreach (var fact in facts)
            {
                batch.Add(fact);
            }

            await world.East.Context.Catalog.CommitAsync(batch, CancellationToken.None);
        });
        return world;
    }
}
