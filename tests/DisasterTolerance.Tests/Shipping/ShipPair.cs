using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;
using DisasterTolerance.Shipping;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using DisasterTolerance.Store.Local;
using DisasterTolerance.Testing.Catalog;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Testing.Links;
using DisasterTolerance.Transport;
using DisasterTolerance.Upkeep;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;

namespace DisasterTolerance.Tests.Shipping;

/// <summary>Two sites with real stores in temporary directories and a simulated link, wired by hand as far as capture and shipping go.</summary>
internal sealed class ShipPair : IAsyncDisposable
{
    public static readonly Guid MachineUuid = Guid.Parse("11111111-0000-0000-0000-000000000001");
    public static readonly Guid PlanUuid = Guid.Parse("11111111-0000-0000-0000-000000000002");

    private ShipPair(Side a, Side b, SimulatedLink link) => (A, B, Link) = (a, b, link);

    public Side A { get; }

    public Side B { get; }

    public SimulatedLink Link { get; }

    public static Task<ShipPair> StartAsync(params DiskDefinition[] disks) => StartAsync(ProtocolVersions.Ours, ProtocolVersions.Ours, disks);

    /// <summary>Two sites of which one may be of an older release, as far as the protocol goes.</summary>
    public static async Task<ShipPair> StartAsync(ProtocolVersions ofA, ProtocolVersions ofB, params DiskDefinition[] disks)
    {
        var clock = TimeProvider.System;
        Guid a = Guid.Parse("0a000000-0000-0000-0000-000000000000"), b = Guid.Parse("0b000000-0000-0000-0000-000000000000");
        var link = new SimulatedLink(new SimulatedSite(a, new string('a', 64)), new SimulatedSite(b, new string('b', 64)), clock);
        var pair = new ShipPair(new Side(a, b, "b", link.First, clock), new Side(b, a, "a", link.Second, clock), link);
        pair.A.Hypervisor.AddMachine(MachineUuid, new MachineDefinition { Name = "vm", Disks = disks });
        foreach (var side in new[] { pair.A, pair.B })
        {
            await side.OpenAsync(a, b);
        }

        await pair.A.LinkAsync(ofA);
        await pair.B.LinkAsync(ofB);

        await Wait.Until(() => pair.A.Context.Links.Peers[0].State.IsUp && pair.B.Context.Links.Peers[0].State.IsUp);
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
    }
}

internal sealed class Side : IAsyncDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("dt-ship-");
    private readonly ILinkTransport _transport;
    private readonly PeerOptions _peer;
    private LocalDirectoryStorage? _storage;

    public Side(Guid uuid, Guid peer, string peerKey, ILinkTransport transport, TimeProvider clock)
    {
        _transport = transport;
        _peer = new PeerOptions { Uuid = peer, Name = "site-" + peerKey, Endpoint = "127.0.0.1:1", PublicKey = new string(peerKey[0], 64) };
        Hypervisor = new InMemoryHypervisor(clock);
        Context = new SiteContext
        {
            Uuid = uuid,
            Name = "site of " + peerKey + "'s peer",
            Options = new EngineOptions(),
            Retention = new RetentionOptions(),
            Clock = clock,
            Ids = new RandomIdSource(),
            Logs = NullLoggerFactory.Instance,
            Catalog = new InMemoryCatalog(new InMemoryCatalogFile(), new RandomIdSource()),
            Hypervisors = new Dictionary<string, IHypervisorProvider> { ["hci"] = Hypervisor },
            Peers = new Dictionary<Guid, string> { [peer] = _peer.Name },
            Events = new EventHub(clock),
        };
        Machines = new MachineDirectory(Context, Substitute.For<IFactsPublisher>());
        Points = new PointDirectory(Context);
        Capturer = new Capturer(Context, Machines, Points);
        Shipper = new Shipper(Context, Machines, Points);
        Receiver = new Receiver(Context, Machines, Points, Substitute.For<IRetentionRunner>());
    }

    public InMemoryHypervisor Hypervisor { get; }

    public SiteContext Context { get; }

    public MachineDirectory Machines { get; }

    public PointDirectory Points { get; }

    public Capturer Capturer { get; }

    public Shipper Shipper { get; }

    public Receiver Receiver { get; }

    public async Task OpenAsync(Guid master, Guid slave)
    {
        var state = await Context.Catalog.OpenAsync(default);
        _storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _directory.FullName });
        var store = await RecordStore.OpenAsync(_storage, new StoreOptions(), Context.Clock, Context.Ids, NullLogger.Instance, default);
        Context.Opened(store, state);
        var now = Context.Now;
        await Context.Catalog.CommitAsync(
            new CatalogBatch()
                .Add(new CatalogChange.PutPlan(new PlanRow
                {
                    Uuid = ShipPair.PlanUuid, Name = "plan", Master = master, Slave = slave, Rpo = TimeSpan.FromHours(1), Interval = TimeSpan.FromMinutes(10),
                    Retention = RetentionPolicy.Keep(10), Type = "hci", Created = now, Modified = now,
                }))
                .Add(new CatalogChange.PutMachine(new MachineRow
                {
                    Uuid = ShipPair.MachineUuid, Plan = ShipPair.PlanUuid, Name = "vm", MasterUuid = ShipPair.MachineUuid, SlaveUuid = ShipPair.MachineUuid,
                    Created = now, Ownership = OwnershipRules.First(master, now),
                }))
                .Add(new CatalogChange.PutLink(new LinkRow { Uuid = Guid.NewGuid(), SideA = master, SideAName = "a", SideB = slave, SideBName = "b", Created = now, Modified = now })),
            default);
    }

    public async Task LinkAsync(ProtocolVersions versions)
    {
        var dispatcher = new ControlDispatcher();
        Receiver.Map(dispatcher);
        var card = new SiteCard(Context.Uuid, Context.Name, () => new DisasterTolerance.Links.LocalFacts(Context.Store.StoreId, Context.Store.Generation, Context.CatalogState.Id), Guid.NewGuid(), versions);
        var context = new LinkContext(card, new LinkOptions { ReconnectMinDelay = TimeSpan.FromMilliseconds(20) }, _transport, dispatcher, Context.Clock, new Random(1), new TaskTracker(), NullLogger.Instance);
        var host = new LinkHost(context, [_peer], Receiver);
        await host.StartAsync(default);
        Context.Linked(host);
    }

    public async Task<Dictionary<string, ContentHash>> HashPointAsync(Guid point)
    {
        var row = await Context.Catalog.FindPointAsync(point, Context.Uuid, default) ?? throw new InvalidOperationException("no such point here");
        var manifest = await Context.Store.ReadManifestAsync(row.Manifest, default);
        Dictionary<string, ContentHash> hashes = [];
        foreach (var disk in manifest.Disks)
        {
            using var sha = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
            var reader = new TreeReader(Context.Store, manifest.Geometry, disk.Tree);
            var chunk = new byte[manifest.Geometry.ChunkSize];
            for (long position = 0, left = disk.Definition.LengthBytes; left > 0; position++, left -= chunk.Length)
            {
                var leaf = await reader.GetLeafAsync(position, default);
                Array.Clear(chunk);
                if (!leaf.IsZero)
                {
                    await Context.Store.ReadAsync(leaf, RecordKind.Chunk, chunk, default);
                }

                sha.AppendData(chunk, 0, (int)Math.Min(left, chunk.Length));
            }

            hashes[disk.Definition.Id] = new ContentHash(sha.GetHashAndReset());
        }

        return hashes;
    }

    public async ValueTask DisposeAsync()
    {
        await Context.Links.DisposeAsync();
        await Context.Store.DisposeAsync();
        await Context.Catalog.DisposeAsync();
        _storage?.Dispose();
        _directory.Delete(recursive: true);
    }
}
