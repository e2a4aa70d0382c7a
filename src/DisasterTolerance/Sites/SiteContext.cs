using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Retention;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sites;

/// <summary>
/// What all parts of one site share: the contracts to the outside (catalog, store, hypervisors, links, clock, ids) and the site's own boards. Every outside contract can be wrapped before it is
/// given to this class; nothing reaches the outside in another way. Thread-safe. Opened by <see cref="Site"/>, which also closes what is in it.
/// </summary>
internal sealed class SiteContext
{
    private const int LongestActor = 256;

    private IRecordStore? _store;
    private CatalogState? _catalogState;
    private ILinkHost? _links;

    public required Guid Uuid { get; init; }

    public required string Name { get; init; }

    public required EngineOptions Options { get; init; }

    public required RetentionOptions Retention { get; init; }

    public required TimeProvider Clock { get; init; }

    public required IIdSource Ids { get; init; }

    /// <summary>Where hashing and compression run. A test may give one that runs everything in a fixed order.</summary>
    public TaskScheduler Workers { get; init; } = TaskScheduler.Default;

    public required ILoggerFactory Logs { get; init; }

    public required ICatalog Catalog { get; init; }

    /// <summary>By configured name (<c>dtp_type</c>).</summary>
    public required IReadOnlyDictionary<string, IHypervisorProvider> Hypervisors { get; init; }

    /// <summary>Names by which plans may ask for the site's store.</summary>
    public IReadOnlySet<string> Media { get; init; } = new HashSet<string>();

    /// <summary>Uuid and name of every configured peer.</summary>
    public required IReadOnlyDictionary<Guid, string> Peers { get; init; }

    public required EventHub Events { get; init; }

    public MachineGates Gates { get; } = new();

    public ProgressBoard Progress { get; } = new();

    public PointsInUse PointsInUse { get; } = new();

    public Certainty Certainty { get; } = new();

    /// <summary>Wraps the store when it was opened, before anybody uses it; null leaves it as it is.</summary>
    public Func<IRecordStore, IRecordStore>? WrapStore { get; set; }

    public IRecordStore Store => _store ?? throw NotStarted();

    public CatalogState CatalogState => _catalogState ?? throw NotStarted();

    public ILinkHost Links => _links ?? throw NotStarted();

    public bool IsReady => _links is not null;

    public DateTimeOffset Now => Clock.GetUtcNow();

    public void Opened(IRecordStore store, CatalogState catalogState)
    {
        _store = WrapStore?.Invoke(store) ?? store;
        _catalogState = catalogState;
    }

    public void Linked(ILinkHost links) => _links = links;

    public string NameOf(Guid site) => site == Uuid ? Name : Peers.GetValueOrDefault(site, site.ToString());

    /// <summary>Who asked, for the audit log, when a peer passes the request on.</summary>
    public string ActorOf(string actor, Guid peer) => $"{new string([.. actor.Where(letter => !char.IsControl(letter)).Take(LongestActor)])}@{NameOf(peer)}";

    /// <summary>The hypervisor that a plan's type names.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.HypervisorUnknown"/>.</exception>
    public IHypervisorProvider HypervisorOf(PlanRow plan) => Hypervisors.TryGetValue(plan.Type, out var provider)
        ? provider
        : throw new DisasterToleranceException(
            ErrorCode.HypervisorUnknown,
            $"Plan '{plan.Name}' names the hypervisor '{plan.Type}', and site '{Name}' has none of that name. Configure it, or correct the plan's type.");

    /// <summary>The machine's uuid on this site.</summary>
    public Guid LocalUuid(PlanRow plan, MachineRow machine) => plan.Master == Uuid ? machine.MasterUuid : machine.SlaveUuid;

    /// <summary>The plan's other site.</summary>
    public Guid PeerOf(PlanRow plan) => plan.Master == Uuid ? plan.Slave : plan.Master;

    private DisasterToleranceException NotStarted() =>
        new(ErrorCode.Unavailable, $"Site '{Name}' has not started. Call StartAsync, or wait until the host has started.", isTransient: true);
}
