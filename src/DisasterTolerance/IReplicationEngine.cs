using DisasterTolerance.Sites;

namespace DisasterTolerance;

/// <summary>Captures recovery points and ships them, on demand and by schedule, and keeps the store in order. Thread-safe.</summary>
public interface IReplicationEngine
{
    /// <summary>
    /// Runs one machine now: captures a point and ships everything that the other site lacks. Returns when the work is done. A run that is under way is joined.
    /// Any start re-anchors the schedule. The run is done at the site that owns the machine; asked elsewhere it is passed on over the link.
    /// </summary>
    /// <param name="request">Which machine, and who asks.</param>
    /// <param name="cancellationToken">Ends the wait, and the run if it is done here; one that was passed on goes on.</param>
    /// <exception cref="DisasterToleranceException">Why the run failed; the captured point stays if the capture was done. <see cref="ErrorCode.LinkLost"/> if the link fell before the owner answered: the
    /// run goes on there.</exception>
    ValueTask<RunReport> RunAsync(RunRequest request, CancellationToken cancellationToken = default);

    /// <summary>What is being done now, one entry per machine that is being worked on.</summary>
    IReadOnlyList<RunProgress> ListProgress();

    /// <summary>Removes the points that retention does not keep, for one machine in this site's store.</summary>
    /// <param name="machine">The machine, by the uuid of the protected object or of either side.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Points removed.</returns>
    ValueTask<int> ApplyRetentionAsync(Guid machine, CancellationToken cancellationToken = default);

    /// <summary>Frees what no point needs any more in this site's store.</summary>
    /// <param name="cancellationToken">Ends the work; what was done stays done.</param>
    /// <returns>Bytes freed.</returns>
    ValueTask<long> SweepAsync(CancellationToken cancellationToken = default);

    /// <summary>Reads and checks everything in this site's store, marks the points that damage hurts and fetches good records from the peer where it has them.</summary>
    /// <param name="cancellationToken">Ends the work.</param>
    ValueTask<StoreCheck> VerifyAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Lets this site's runs use the change tracker of a machine again, after one was caught missing a change (<see cref="SiteEventKind.TrackerDistrusted"/>). Find the cause first. Asked at the site whose
    /// hypervisor it is; audited. A tracker that is trusted stays so.
    /// </summary>
    /// <param name="machine">The machine, by the uuid of the protected object or of either side.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether it was not trusted before.</returns>
    ValueTask<bool> TrustTrackerAsync(Guid machine, string actor, CancellationToken cancellationToken = default);
}

/// <summary>A run to do now. Immutable.</summary>
/// <param name="Machine">The machine, by the uuid of the protected object or of either side.</param>
/// <param name="Actor">Who asks, for the audit log.</param>
public sealed record RunRequest(Guid Machine, string Actor)
{
    /// <summary>Whether the machine is shut down before the capture, and left off. Default false.</summary>
    public bool ShutDownFirst { get; init; }
}

/// <summary>What a run did. Immutable. Sizes in bytes.</summary>
public sealed record RunReport
{
    /// <summary>The run's id.</summary>
    public required Guid Run { get; init; }

    /// <summary>Uuid of the protected object.</summary>
    public required Guid Machine { get; init; }

    /// <summary>The captured point.</summary>
    public required Guid Point { get; init; }

    /// <summary>Its name.</summary>
    public required string PointName { get; init; }

    /// <summary>When the run began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>How long the capture took.</summary>
    public required TimeSpan CaptureTime { get; init; }

    /// <summary>How long the shipping took; zero if nothing was shipped.</summary>
    public TimeSpan ShipTime { get; init; }

    /// <summary>Sum of the lengths of all disks.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Bytes read from the snapshot to find and store what changed.</summary>
    public required long ReadBytes { get; init; }

    /// <summary>Bytes read beside these to check the change tracker, see <see cref="EngineOptions.TrackerAuditChunks"/>.</summary>
    public long AuditedBytes { get; init; }

    /// <summary>Bytes of the chunks that differ from the parent point.</summary>
    public required long ChangedBytes { get; init; }

    /// <summary>Bytes that the capture added to this site's store.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Chunks sent to the peer.</summary>
    public long ShippedChunks { get; init; }

    /// <summary>Bytes that shipping wrote to the wire, TLS included.</summary>
    public long WireBytes { get; init; }

    /// <summary>Points shipped, older ones that were still owed included.</summary>
    public int ShippedPoints { get; init; }

    /// <summary>Whether the machine was shut down for this run and left off.</summary>
    public bool LeftOff { get; init; }

    /// <summary>Whether everything was compared by hash, and why; empty if a change tracker told what changed, or if there was nothing to compare with.</summary>
    public string ComparedBecause { get; init; } = "";

    /// <summary>Why nothing was shipped although the capture succeeded; empty if it was.</summary>
    public string NotShippedBecause { get; init; } = "";
}

/// <summary>What is being done for a machine. Immutable.</summary>
/// <param name="Machine">Uuid of the protected object.</param>
/// <param name="Procedure">Capturing, shipping, migrating or recovering.</param>
/// <param name="Started">When this step began.</param>
/// <param name="DoneBytes">Bytes done.</param>
/// <param name="TotalBytes">Bytes in all, as far as known; 0 if not known.</param>
/// <param name="WireBytes">Bytes on the wire so far.</param>
public sealed record RunProgress(Guid Machine, Catalog.Procedure Procedure, DateTimeOffset Started, long DoneBytes, long TotalBytes, long WireBytes);

/// <summary>What a verification found. Immutable.</summary>
/// <param name="Records">Records read.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Damaged">Records that do not match their hash.</param>
/// <param name="Healed">Damaged or missing records fetched again from the peer.</param>
/// <param name="DamagedPoints">Points that stay damaged.</param>
public sealed record StoreCheck(long Records, long Bytes, long Damaged, long Healed, IReadOnlyList<Guid> DamagedPoints);
