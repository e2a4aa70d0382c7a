using DisasterTolerance.Catalog;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Testing.Links;
using DisasterTolerance.Testing.Storage;
using DisasterTolerance.Transport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// One whole site of a simulated world, made by the public builder. Its storage, catalog file and hypervisor outlive its process, which can be stopped, crash and start again. Every contract to the
/// outside passes through <see cref="Faults"/>. Not thread-safe: the test drives it.
/// </summary>
internal sealed class SimSite
{
    public const string Hypervisor = "hci";

    private readonly TwoSites _world;
    private readonly ILinkTransport _transport;
    private readonly SeededIds _ids;
    private ServiceProvider? _services;
    private InMemoryCatalog? _catalog;
    private LifeTransport? _network;
    private LifeClock? _clock;

    public SimSite(TwoSites world, string name, SimulatedSite address, ILinkTransport transport, int seed)
    {
        _world = world;
        _transport = transport;
        _ids = new SeededIds(seed);
        Name = name;
        Address = address;
        Faults = new FaultPlan(world.Clock);
        Machines = new InMemoryHypervisor(world.Clock, new InMemoryHypervisorOptions { FindExport = Overlays.Find, PullBytes = 20_000, PullTime = TimeSpan.FromSeconds(2) });
        Machines.Started += NoteStart;
    }

    public string Name { get; }

    public SimulatedSite Address { get; }

    public Guid Uuid => Address.Uuid;

    public SimSite Peer => _world.East == this ? _world.West : _world.East;

    public InMemoryStorage Storage { get; private set; } = new();

    public InMemoryCatalogFile CatalogFile { get; } = new();

    public InMemoryHypervisor Machines { get; }

    /// <summary>What is kept for machines that run from exports.</summary>
    public SimOverlays Overlays { get; } = new();

    /// <summary>Whether the site serves exports and its hypervisor can start machines from them, from its next start on.</summary>
    public bool BootsInstantly { get; set; }

    /// <summary>The faults of the present life of the process; a new life begins without any.</summary>
    public FaultPlan Faults { get; private set; }

    /// <summary>Plans faults for the next start, so that they can happen inside it.</summary>
    public Action<FaultPlan>? FaultsOfNextLife { get; set; }

    /// <summary>How far the site's clock is wrong from its next start on.</summary>
    public TimeSpan Skew { get; set; }

    /// <summary>Options of the next start.</summary>
    public Action<EngineOptions>? Engine { get; set; }

    /// <summary>More options of the next start.</summary>
    public Action<DisasterToleranceBuilder>? Configure { get; set; }

    /// <summary>Wraps the parts of the next lives where their faults are injected; null leaves them as they are.</summary>
    public SitePlants Plants { get; set; } = new();

    /// <summary>Seed of what a crash does to bytes that are not durable; it answers null if only the process ends and they all stay. Default: each life has its own seed.</summary>
    public Func<int?>? TornBy { get; set; }

    /// <summary>More hosts of the peer that a check of the link may dial, from the next start on.</summary>
    public IReadOnlyList<string> PeerHosts { get; set; } = [];

    /// <summary>Where the site takes its uuids from.</summary>
    public SeededIds Ids => _ids;

    /// <summary>How often the process was started.</summary>
    public int Lives { get; private set; }

    public bool IsRunning => _services is not null;

    public List<SiteEvent> Events { get; } = [];

    public IPlanManager Plans => Get<IPlanManager>();

    public ILinkManager Links => Get<ILinkManager>();

    public IReplicationEngine Replication => Get<IReplicationEngine>();

    public IRecoveryService Recovery => Get<IRecoveryService>();

    public IStateReader State => Get<IStateReader>();

    public SiteContext Context => Get<SiteContext>();

    public bool SeesPeer => IsRunning && Context.IsReady && Context.Links.Find(Peer.Uuid)?.State.IsUp == true;

    public T Get<T>()
        where T : notnull => (_services ?? throw new InvalidOperationException($"Site '{Name}' does not run.")).GetRequiredService<T>();

    public async Task StartAsync()
    {
        Lives++;
        Faults = new FaultPlan(_world.Clock);
        FaultsOfNextLife?.Invoke(Faults);
        _clock = new LifeClock(_world.Clock, Skew);
        _catalog = new InMemoryCatalog(CatalogFile, _ids);
        _network = new LifeTransport(_transport, Faults);
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(_clock);
        services.AddSingleton<IIdSource>(_ids);
        services.AddSingleton(_world.Log.Of(Name));
        var builder = services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (Uuid, Name, "in memory"));
        Compose(builder);
        _services = services.BuildServiceProvider();
        _ = CollectAsync(Get<IDisasterToleranceSite>());
        if (Plants.Store is { } wrap)
        {
            Context.WrapStore = wrap;
        }

        await Get<IDisasterToleranceSite>().StartAsync(CancellationToken.None);
        _world.Log.Note(Name, $"=== started, life {Lives}");
    }

    public async Task StopAsync()
    {
        if (_services is { } services)
        {
            await Get<IDisasterToleranceSite>().StopAsync(CancellationToken.None);
            _services = null;
            _clock!.Die();
            await services.DisposeAsync();
            _world.Log.Note(Name, "=== stopped");
        }
    }

    /// <summary>The process dies between two instructions: nothing is flushed or closed, its connections break, what was not durable is lost or torn. The machines go on.</summary>
    public async Task CrashAsync()
    {
        if (_services is null)
        {
            return;
        }

        _world.Log.Note(Name, "=== crashed");
        _services = null;
        Faults.Crash();
        _clock!.Die();
        _catalog!.Crash();
        if (TornBy is null)
        {
            Storage.Crash(Lives);
        }
        else if (TornBy() is { } seed)
        {
            Storage.Crash(seed);
        }
        else
        {
            Storage.Kill();
        }

        Plants.Crashed?.Invoke();
        Overlays.Crash();
        await _network!.DieAsync();
        _world.Link.Cut();
    }

    /// <summary>Loses the whole store: the next start finds an empty one.</summary>
    public void LoseStorage() => Storage = new InMemoryStorage();

    private void Compose(DisasterToleranceBuilder builder)
    {
        builder
            .AddHypervisor(Hypervisor, _ => FaultyHypervisor.Wrap(Plants.OnHypervisor(BootsInstantly ? new InstantWitness(Machines, _world.Seen) : new SnapshotWitness(Machines, _world.Seen)), Faults))
            .AddStorage(_ => FaultyStorage.Wrap(Plants.OnStorage(Storage), Faults))
            .AddCatalog(_ => new FaultyCatalog(Plants.OnCatalog(_catalog!), Faults))
            .AddTransport(_ => _network!)
            .AddPeer(new PeerOptions { Uuid = Peer.Uuid, Name = Peer.Name, Endpoint = $"{Peer.Name}:9301", PublicKey = Peer.Address.Key, Hosts = PeerHosts })
            .ConfigureStore(store => store.PackBytes = 1 << 20)
            .ConfigureLink(link =>
            {
                link.HeartbeatInterval = TimeSpan.FromMinutes(5);
                link.SilenceTimeout = TimeSpan.FromMinutes(60);
                link.StallTimeout = TimeSpan.FromMinutes(60);
                link.ReconnectMaxDelay = TimeSpan.FromMinutes(1);
            })
            .ConfigureEngine(engine =>
            {
                engine.ChunkBytes = 4096;
                engine.FanOut = 16;
                engine.ScheduleTick = TimeSpan.FromMinutes(1);
                engine.ShutdownGrace = TimeSpan.FromSeconds(30);
                engine.ReserveBytes = 0;
                engine.VerifyInterval = TimeSpan.Zero;
                Engine?.Invoke(engine);
            });
        if (BootsInstantly)
        {
            builder.Services.AddSingleton<IBootExports>(services => new SimExports(services.GetRequiredService<SiteContext>, Overlays, Faults));
        }

        Configure?.Invoke(builder);
    }

    /// <summary>The points of a machine in this site's own store as its durable catalog has them, read past the fault plan.</summary>
    public IReadOnlyList<PointRow> DurablePoints(Guid machine) =>
        _catalog!.QueryPointsAsync(new PointQuery { Machine = machine, Site = Uuid, Take = int.MaxValue }, CancellationToken.None).AsTask().Result.Items;

    // The catalog in memory answers at once, so this is what was durable when the machine started.
    private void NoteStart(MachineStart start)
    {
        var rows = _catalog!.FindMachinesByAnyUuidAsync(start.Machine, CancellationToken.None).AsTask();
        _world.Starts.Note(rows.Result.Single(row => row.Removed is null), Uuid);
    }

    private async Task CollectAsync(IDisasterToleranceSite site)
    {
        await foreach (var happened in site.ReadEventsAsync(CancellationToken.None))
        {
            lock (Events)
            {
                Events.Add(happened);
            }

            _world.Log.Note(Name, $"* {happened.Kind}: {happened.Message}");
        }
    }
}
