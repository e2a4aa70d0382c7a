using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;
using DisasterTolerance.Sites;
using DisasterTolerance.Testing.Catalog;
using Microsoft.Extensions.Logging.Abstractions;
using NSubstitute;

namespace DisasterTolerance.Tests.Links;

/// <summary>The parts of a site that plans, links and facts need, over a catalog in memory.</summary>
internal sealed class MirrorSite
{
    private readonly ConcurrentDictionary<Guid, MachineInfo> _machines = new();

    public MirrorSite(Guid uuid, string name, Guid peer, string peerName, TimeProvider clock)
    {
        var ids = new RandomIdSource();
        Hypervisor = Substitute.For<IHypervisorProvider>();
#pragma warning disable CA2012 // The call only tells the substitute what to answer.
        Hypervisor.FindMachineAsync(Arg.Any<Guid>(), Arg.Any<CancellationToken>()).Returns(call => ValueTask.FromResult(_machines.GetValueOrDefault(call.Arg<Guid>())));
#pragma warning restore CA2012
        Events = new EventHub(clock);
        Context = new SiteContext
        {
            Uuid = uuid,
            Name = name,
            Options = new EngineOptions(),
            Retention = new RetentionOptions(),
            Clock = clock,
            Ids = ids,
            Logs = NullLoggerFactory.Instance,
            Catalog = new InMemoryCatalog(new InMemoryCatalogFile(), ids),
            Hypervisors = new Dictionary<string, IHypervisorProvider> { ["hci"] = Hypervisor },
            Peers = new Dictionary<Guid, string> { [peer] = peerName },
            Events = Events,
        };
        Outbox = new FactsOutbox(Context);
        Machines = new MachineDirectory(Context, Outbox);
        var points = new PointDirectory(Context);
        var audit = new AuditLog(Context);
        var limits = new PlanLimits();
        var policy = new ForwardPolicy(Context, [new PeerOptions { Uuid = peer }]);
        var gates = new PlanGates();
        Plans = new PlanCatalog(Context);
        Writer = new PlanWriter(Context, Machines, points, Plans, Outbox, Journal);
        var admission = new MachineAdmission(Context, Writer);
        var editor = new PlanEditor(Context, gates, Plans, Writer, admission, Machines, audit, limits);
        var client = new FactsClient(Context);
        Mirror = new PlanMirror(Context, client, gates, Plans, Writer, new PlanTwins(Context, Plans, Writer, audit), audit, limits);
        Manager = new PlanManager(Context, editor, Plans, new PlanForwarding(Context, Mirror), Machines);
        LinkManager = new LinkManager(Context, audit, Outbox, new LinkChecking(Context, policy));
        Meeting = new FakeMeeting(Machines);
        Facts = new FactsMirror(Context, Outbox, new FactsServer(Context), client, new FactsTeller(Context), LinkManager, Mirror, new MachineMirror(Context, client, Machines, points, Meeting), Substitute.For<ICatalogRepair>());
        var rpo = new RpoReader(Context);
        State = new StateReader(Context, Plans, rpo);
        Watch = new RpoWatch(Context, rpo);
        Facts.Map(Dispatcher);
        new PlanControl(Context, editor, Machines, policy).Map(Dispatcher);
    }

    public SiteContext Context { get; }

    public Guid Uuid => Context.Uuid;

    public ICatalog Catalog => Context.Catalog;

    public EventHub Events { get; }

    public IHypervisorProvider Hypervisor { get; }

    public ControlDispatcher Dispatcher { get; } = new();

    public FactsOutbox Outbox { get; }

    public MachineDirectory Machines { get; }

    public FakeJournal Journal { get; } = new();

    public FakeMeeting Meeting { get; }

    public PlanCatalog Plans { get; }

    public PlanWriter Writer { get; }

    public PlanMirror Mirror { get; }

    public PlanManager Manager { get; }

    public LinkManager LinkManager { get; }

    public FactsMirror Facts { get; }

    public StateReader State { get; }

    public RpoWatch Watch { get; }

    public FakeLink Link { get; private set; } = null!;

    public async Task OpenAsync(FakeLink link)
    {
        Link = link;
        Context.Opened(null!, await Catalog.OpenAsync(default));
        Context.Linked(new FakeLinkHost([link]));
    }

    public Guid AddGuest(string name = "vm")
    {
        var uuid = Guid.NewGuid();
        _machines[uuid] = new MachineInfo { Uuid = uuid, Name = name, Power = PowerState.On, Definition = new MachineDefinition { Name = name, Disks = [] } };
        return uuid;
    }

    public async Task<MachineRow> MachineAsync(Guid machine) => (await Catalog.FindMachineAsync(machine, default))!;

    public async Task<IReadOnlyList<PointRow>> PointsAsync(Guid machine, Guid store) =>
        (await Catalog.QueryPointsAsync(new PointQuery { Machine = machine, Site = store, IncludeRemoved = true }, default)).Items;

    /// <summary>Commits a point of this site's own store, as a capture does.</summary>
    public async Task<PointRow> CommitPointAsync(Guid machine, DateTimeOffset began, Guid? uuid = null)
    {
        PointRow? stored = null;
        await Machines.UpdateAsync(
            machine,
            row => row with
            {
                LastSequence = row.LastSequence + 1,
                Own = row.Own with { Count = row.Own.Count + 1, LastPointName = PointNames.For(began, new HashSet<string>()), LastPointBegan = began, Learnt = Context.Now },
            },
            default,
            also: (row, batch) => batch.Add(new CatalogChange.PutPoint(stored = new PointRow
            {
                Uuid = uuid ?? Guid.NewGuid(),
                Site = Uuid,
                Machine = machine,
                Name = PointNames.For(began, new HashSet<string>()),
                Began = began,
                Committed = began,
                Origin = Uuid,
                Epoch = row.Ownership.Number,
                Sequence = row.LastSequence,
                Manifest = ContentHash.Of([1, 2, 3]),
                Consistency = SnapshotConsistency.Crash,
                ChangeTokens = new Dictionary<string, string> { ["disk0"] = "7" },
                FactsVersion = row.FactsVersion,
            })));
        return (await Catalog.FindPointAsync(stored!.Uuid, Uuid, default))!;
    }

    public async Task ChangePointAsync(PointRow point, Func<PointRow, PointRow> change)
    {
        var present = (await Catalog.FindPointAsync(point.Uuid, Uuid, default))!;
        await Machines.UpdateAsync(point.Machine, row => row, default, also: (row, batch) => batch.Add(new CatalogChange.PutPoint(change(present) with { FactsVersion = row.FactsVersion })));
    }
}

/// <summary>Remembers what was journalled.</summary>
internal sealed class FakeJournal : IOwnershipJournal
{
    public ConcurrentQueue<(Guid Machine, Ownership Ownership)> Written { get; } = new();

    public ValueTask WriteAsync(Guid machine, Ownership ownership, CancellationToken cancellationToken)
    {
        Written.Enqueue((machine, ownership));
        return ValueTask.CompletedTask;
    }
}

/// <summary>Adopts a higher epoch, and does before it what the test asks for.</summary>
internal sealed class FakeMeeting(MachineDirectory machines) : IOwnershipMeeting
{
    public Func<MachineRow, Task> Before { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<MachineRow> Met { get; } = new();

    public async ValueTask MeetAsync(Guid peer, MachineRow peerView, TimeSpan? clockSkew, CancellationToken cancellationToken)
    {
        Met.Enqueue(peerView);
        await Before(peerView);
        var own = await machines.GetAsync(peerView.Uuid, cancellationToken);
        if (peerView.Ownership.Number > own.Ownership.Number)
        {
            await machines.UpdateAsync(own.Uuid, row => row with { Ownership = peerView.Ownership, NextRun = null }, cancellationToken);
        }
    }

    public ValueTask ResumeAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
