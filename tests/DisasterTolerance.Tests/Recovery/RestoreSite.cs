using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;

namespace DisasterTolerance.Tests.Recovery;

/// <summary>One site with a store in memory and one machine: captures points of it and restores them, to the same machine or to one that is not registered yet.</summary>
internal sealed class RestoreSite : IAsyncDisposable
{
    private RestoreSite(SiteContext context, InMemoryHypervisor machines, InMemoryStorage storage, FaultPlan faults)
    {
        (Context, Machines, Storage, Faults) = (context, machines, storage, faults);
        Directory = new MachineDirectory(context, Substitute.For<IFactsPublisher>());
        Points = new PointDirectory(context);
        Restorer = new DiskRestorer(context);
    }

    public static PlanRow Plan { get; } = Rows.Plan() with { Master = Rows.SiteA, Slave = Rows.SiteB };

    public static MachineRow Machine { get; } = Rows.Machine();

    /// <summary>The machine as a site sees it for which all disks are new.</summary>
    public static MachineRow Replica { get; } = Machine with { MasterUuid = Rows.Id(0xd3, 1) };

    public SiteContext Context { get; }

    public InMemoryHypervisor Machines { get; }

    public InMemoryStorage Storage { get; }

    public FaultPlan Faults { get; }

    public MachineDirectory Directory { get; }

    public PointDirectory Points { get; }

    public DiskRestorer Restorer { get; }

    public static async Task<RestoreSite> StartAsync(params DiskDefinition[] disks)
    {
        var machines = new InMemoryHypervisor(TimeProvider.System);
        machines.AddMachine(Machine.MasterUuid, new MachineDefinition { Name = "vm", Group = "group", Disks = disks });
        var faults = new FaultPlan(TimeProvider.System);
        var storage = new InMemoryStorage();
        var context = new SiteContext
        {
            Uuid = Rows.SiteA,
            Name = "east",
            Options = new EngineOptions(),
            Retention = new(),
            Clock = TimeProvider.System,
            Ids = new RandomIdSource(),
            Logs = NullLoggerFactory.Instance,
            Catalog = new InMemoryCatalog(new InMemoryCatalogFile(), new RandomIdSource()),
            Hypervisors = new Dictionary<string, IHypervisorProvider> { ["hci"] = FaultyHypervisor.Wrap(machines, faults) },
            Peers = new Dictionary<Guid, string>(),
            Events = new EventHub(TimeProvider.System),
        };
        var catalog = await context.Catalog.OpenAsync(default);
        context.Opened(await RecordStore.OpenAsync(storage, new StoreOptions(), TimeProvider.System, new RandomIdSource(), NullLogger.Instance, default), catalog);
        await context.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutPlan(Plan)).Add(new CatalogChange.PutMachine(Machine)), default);
        return new RestoreSite(context, machines, storage, faults);
    }

    public void Fill(string disk, long offset, int length, int seed)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        Machines.WriteDisk(Machine.MasterUuid, disk, offset, content);
    }

    public async Task<PointManifest> CaptureAsync()
    {
        var captured = await new Capturer(Context, Directory, Points).CaptureAsync(Machine.Uuid, PointKind.Regular, default);
        return await Points.ReadManifestAsync(captured.Point, default);
    }

    public ValueTask<long> RestoreAsync(PointManifest manifest, MachineRow? to = null, CancellationToken cancellationToken = default) =>
        Restorer.RestoreAsync(Plan, to ?? Machine, manifest, cancellationToken);

    public string HashOf(string disk, MachineRow? of = null) => Machines.HashDisk((of ?? Machine).MasterUuid, disk);

    public async ValueTask DisposeAsync()
    {
        await Context.Store.DisposeAsync();
        await Context.Catalog.DisposeAsync();
    }
}
