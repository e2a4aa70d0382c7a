namespace DisasterTolerance.Catalog;

/// <summary>A protected machine as a site knows it. Immutable.</summary>
public sealed record MachineRow
{
    /// <summary>Uuid of the protected object, the same on both sites.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The plan it is protected by.</summary>
    public required Guid Plan { get; init; }

    /// <summary>Name as the plan's author gave it; may be empty.</summary>
    public required string Name { get; init; }

    /// <summary>The machine's uuid at the master site.</summary>
    public required Guid MasterUuid { get; init; }

    /// <summary>The machine's uuid at the slave site; given when the machine is added.</summary>
    public required Guid SlaveUuid { get; init; }

    /// <summary>In which order machines are brought up.</summary>
    public RecoveryPriority Priority { get; init; } = RecoveryPriority.Middle;

    /// <summary>The host to start it on at the other site; empty for any.</summary>
    public string HostUuid { get; init; } = "";

    /// <summary>vSphere's import path: stored and returned.</summary>
    public string Path { get; init; } = "";

    /// <summary>vSphere's OVA path: stored and returned.</summary>
    public string OvaPath { get; init; } = "";

    /// <summary>Tenant uuid: stored and returned.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>vSphere's snapshot name: stored and returned.</summary>
    public string SnapshotName { get; init; } = "";

    /// <summary>When it came under protection.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it was taken out of the plan; null while it is in. Its points stay for the grace period.</summary>
    public DateTimeOffset? Removed { get; init; }

    /// <summary>Who may run and capture it, as far as this site knows.</summary>
    public required Ownership Ownership { get; init; }

    /// <summary>Where the branch of points forked, oldest first.</summary>
    public IReadOnlyList<BranchFork> Forks { get; init; } = [];

    /// <summary>What happens to it now.</summary>
    public Procedure Procedure { get; init; }

    /// <summary>Since when <see cref="Procedure"/> holds.</summary>
    public DateTimeOffset ProcedureSince { get; init; }

    /// <summary>How the present owner came to own it, while it waits for a confirmation; null otherwise.</summary>
    public Takeover? Takeover { get; init; }

    /// <summary>The open conflict of owners; null if there is none.</summary>
    public OwnershipConflict? Conflict { get; init; }

    /// <summary>A hand-over, failover, restore or undo that is under way and is taken up again after a crash; null if there is none.</summary>
    public PendingWork? Pending { get; init; }

    /// <summary>That the machine was started from this site's exports of a point and does not have all its data on disks of its own yet; null otherwise. The other site is not told.</summary>
    public BootState? Boot { get; init; }

    /// <summary>Why this site's runs do not use the change tracker of its hypervisor; null if they do. Each site judges its own; the other one is not told.</summary>
    public TrackerDistrust? DistrustedTracker { get; init; }

    /// <summary>Whether scheduled runs are paused for this machine alone.</summary>
    public bool Paused { get; init; }

    /// <summary>Chunk size in bytes, fixed at the first run; 0 before.</summary>
    public int ChunkSize { get; init; }

    /// <summary>Children per tree node, fixed at the first run; 0 before.</summary>
    public int FanOut { get; init; }

    /// <summary>The greatest sequence number of any point that this site knows.</summary>
    public long LastSequence { get; init; }

    /// <summary>When the next scheduled run starts; null if none is scheduled.</summary>
    public DateTimeOffset? NextRun { get; init; }

    /// <summary>When the last run started; null before the first.</summary>
    public DateTimeOffset? LastRunStarted { get; init; }

    /// <summary>How long the last successful run took, with shipping.</summary>
    public TimeSpan LastRunDuration { get; init; }

    /// <summary>Why the last run failed; empty if it did not.</summary>
    public string LastError { get; init; } = "";

    /// <summary>Bytes that still have to be shipped: an estimate before negotiation, exact after.</summary>
    public long DeltaBytes { get; init; }

    /// <summary>What the owner's hypervisor said of the machine.</summary>
    public GuestFacts Guest { get; init; } = GuestFacts.None;

    /// <summary>What this site's store holds for the machine.</summary>
    public HoldingFacts Own { get; init; } = HoldingFacts.None;

    /// <summary>What the peer's store holds for the machine, as the peer said.</summary>
    public HoldingFacts Peer { get; init; } = HoldingFacts.None;

    /// <summary>Version of this site's facts on the machine and its points: grows with every change that the peer should hear of.</summary>
    public long FactsVersion { get; init; }

    /// <summary>The peer's <see cref="FactsVersion"/> that was applied last, within <see cref="PeerCatalog"/>.</summary>
    public long PeerFactsVersion { get; init; }

    /// <summary>The peer catalog that <see cref="PeerFactsVersion"/> belongs to.</summary>
    public Guid PeerCatalog { get; init; }

    /// <summary>Version of the row for optimistic writes: 0 for a row that is not stored yet.</summary>
    public long RowVersion { get; init; }
}

/// <summary>In which order machines are brought up.</summary>
public enum RecoveryPriority
{
    /// <summary>First.</summary>
    High = 0,
    /// <summary>After the high ones.</summary>
    Middle = 1,
    /// <summary>Last.</summary>
    Low = 2,
}

/// <summary>What happens to a protected machine now. The numbers are the <c>procedure</c> of the HTTP reference, fixed for ever.</summary>
public enum Procedure
{
    /// <summary>Nothing is under way.</summary>
    Normal = 0,
    /// <summary>A recovery point is being captured.</summary>
    Capturing = 1,
    /// <summary>Points are being shipped to the other site.</summary>
    Shipping = 2,
    /// <summary>A planned migration is under way.</summary>
    Migrating = 3,
    /// <summary>A point is being recovered.</summary>
    Recovering = 4,
    /// <summary>The machine runs at its new site and waits for a confirmation.</summary>
    AwaitingConfirmation = 5,
    /// <summary>The last run or recovery failed.</summary>
    Failed = 6,
    /// <summary>Two owners: an operator must name the branch to keep.</summary>
    Conflict = 7,
}

/// <summary>What the owner's hypervisor said of a machine. Immutable.</summary>
/// <param name="Name">The machine's name in the hypervisor.</param>
/// <param name="Power">Whether it runs.</param>
/// <param name="Ips">Addresses; null if nobody can tell.</param>
/// <param name="Group">Its group.</param>
/// <param name="GroupPath">Path of the group.</param>
/// <param name="Zone">Its resource pool.</param>
/// <param name="Deleted">Whether the hypervisor does not know it any more.</param>
/// <param name="Learnt">When this was learnt; null for never.</param>
public sealed record GuestFacts(
    string Name, Hypervisors.PowerState Power, IReadOnlyList<string>? Ips, string Group, string GroupPath, string Zone, bool Deleted, DateTimeOffset? Learnt)
{
    /// <summary>Nothing is known.</summary>
    public static GuestFacts None { get; } = new("", Hypervisors.PowerState.Unknown, null, "", "", "", false, null);
}

/// <summary>What one store holds for a machine. Immutable.</summary>
/// <param name="Bytes">Stored bytes of the distinct records reachable from the machine's points.</param>
/// <param name="Count">Points.</param>
/// <param name="LastPointName">Name of the newest point on the current branch; empty if there is none.</param>
/// <param name="LastPointBegan">When the capture of that point began.</param>
/// <param name="LastPointCommitted">When that point was committed on the capturing site.</param>
/// <param name="Learnt">When this was true; null for never.</param>
public sealed record HoldingFacts(
    long Bytes, int Count, string LastPointName, DateTimeOffset? LastPointBegan, DateTimeOffset? LastPointCommitted, DateTimeOffset? Learnt)
{
    /// <summary>Nothing is held or known.</summary>
    public static HoldingFacts None { get; } = new(0, 0, "", null, null, null);
}
