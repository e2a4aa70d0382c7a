namespace DisasterTolerance;

/// <summary>
/// Brings machines up at another site, back, or to an earlier point. Thread-safe; per machine one piece of work at a time. Every piece of work is taken up again after a crash.
/// Machines are named by the uuid of the protected object or of either side.
/// </summary>
public interface IRecoveryService
{
    /// <summary>
    /// Planned migration, called at the owner: optional warm run, shut down, final point, hand-over, start at the other site, which then waits for a confirmation.
    /// Any failure before the hand-over leaves the source as it was.
    /// </summary>
    /// <param name="request">What to migrate.</param>
    /// <param name="cancellationToken">Ends the wait; before the hand-over the migration is given up, after it it is completed.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotOwner"/>, <see cref="ErrorCode.MachineRunning"/>, <see cref="ErrorCode.PeerUnreachable"/>, or why a step failed.</exception>
    ValueTask<RecoveryReport> MigrateAsync(MigrationRequest request, CancellationToken cancellationToken = default);

    /// <summary>
    /// Brings a machine up here from a point. Where this site is the owner, in place: the present state is kept as a point first. Where it is not, as a failover that needs nothing from the other site.
    /// </summary>
    /// <param name="request">What to recover.</param>
    /// <param name="cancellationToken">Ends the wait; work that took over the ownership is completed.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.OwnerAlive"/>, <see cref="ErrorCode.NoRecoveryPoint"/>, <see cref="ErrorCode.Ambiguous"/>, <see cref="ErrorCode.Unsure"/>, or why a step failed.
    /// At the other site also <see cref="ErrorCode.PeerUnreachable"/>, <see cref="ErrorCode.PeerRefused"/>, or <see cref="ErrorCode.LinkLost"/> if the link fell before that site answered: the work goes on there.</exception>
    ValueTask<RecoveryReport> RecoverAsync(RecoveryRequest request, CancellationToken cancellationToken = default);

    /// <summary>Recovers many machines in the order of their recovery priority. A machine that fails does not keep later ones from being tried.</summary>
    /// <param name="requests">What to recover.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One outcome per request, in the order of the requests.</returns>
    ValueTask<IReadOnlyList<RecoveryOutcome>> RecoverManyAsync(IReadOnlyList<RecoveryRequest> requests, CancellationToken cancellationToken = default);

    /// <summary>Confirms a migration or failover at the owner: protection then runs the other way. Confirming twice succeeds.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask ConfirmAsync(Guid machine, string actor, CancellationToken cancellationToken = default);

    /// <summary>Takes a migration back before it is confirmed, called at the owner: stop, keep the branch as a point, hand over back, start the source's unchanged disks.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.WrongProcedure"/> after a failover (migrate back instead) or when nothing waits for a confirmation.</exception>
    ValueTask<RecoveryReport> UndoAsync(Guid machine, string actor, CancellationToken cancellationToken = default);

    /// <summary>Ends a conflict of owners by naming the site whose branch goes on. The other site keeps its present disks as a point and becomes the replica. Needs both sites.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="winner">The site whose branch goes on.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask ResolveConflictAsync(Guid machine, Guid winner, string actor, CancellationToken cancellationToken = default);

    /// <summary>Lets an unsure site trust its own catalog without hearing its peer. Dangerous: the peer may have taken over.</summary>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask AssumeOwnerAsync(string actor, CancellationToken cancellationToken = default);

    /// <summary>Writes one disk of a point of this site's store to a stream, verified, zeros included.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="point">The point, by uuid or name.</param>
    /// <param name="disk">The disk's id.</param>
    /// <param name="destination">The caller's stream; stays open. A seekable one gets holes instead of zeros.</param>
    /// <param name="cancellationToken">Ends the copy.</param>
    ValueTask ExportDiskAsync(Guid machine, string point, string disk, Stream destination, CancellationToken cancellationToken = default);
}

/// <summary>A planned migration. Immutable.</summary>
public sealed record MigrationRequest
{
    /// <summary>The machine, by the uuid of the protected object or of either side.</summary>
    public required Guid Machine { get; init; }

    /// <summary>The site that the caller thinks owns it; null not to check.</summary>
    public Guid? Source { get; init; }

    /// <summary>Whether a running machine may be shut down. If not, a running machine is refused.</summary>
    public bool AutoShutoff { get; init; }

    /// <summary>The host to start on at the destination; null for any.</summary>
    public string? Host { get; init; }

    /// <summary>Who asks, for the audit log.</summary>
    public required string Actor { get; init; }
}

/// <summary>A recovery. Immutable.</summary>
public sealed record RecoveryRequest
{
    /// <summary>The machine, by the uuid of the protected object or of either side.</summary>
    public required Guid Machine { get; init; }

    /// <summary>The site to recover at, one of the plan's two; null for this one. At the other site it is done over the link, and this site only passes the request on.</summary>
    public Guid? Site { get; init; }

    /// <summary>The point, by uuid or name; null for the newest usable one.</summary>
    public string? Point { get; init; }

    /// <summary>The host to start on; null for any.</summary>
    public string? Host { get; init; }

    /// <summary>
    /// Goes on although the owner reports the machine running: it is asked to stop first, and a failed or timed-out stop is not waited for. In place it goes on although the present state cannot be kept
    /// as a point, also that of a machine whose data are still copied from exports: what it wrote since is then given up.
    /// </summary>
    public bool Force { get; init; }

    /// <summary>
    /// For a failover: whether to start the machine from exports of the point at once, or to write its disks first. Null for what <see cref="Sites.EngineOptions.InstantBoot"/> says. Where the hypervisor
    /// cannot start from exports the disks are written first, whatever is asked.
    /// </summary>
    public bool? InstantBoot { get; init; }

    /// <summary>Who asks, for the audit log.</summary>
    public required string Actor { get; init; }
}

/// <summary>What a migration or recovery did. Immutable. Sizes in bytes.</summary>
public sealed record RecoveryReport
{
    /// <summary>Uuid of the protected object.</summary>
    public required Guid Machine { get; init; }

    /// <summary>The site where the machine runs now.</summary>
    public required Guid Site { get; init; }

    /// <summary>The machine's uuid at that site.</summary>
    public required Guid SiteMachine { get; init; }

    /// <summary>The point that it was brought up from.</summary>
    public required Guid Point { get; init; }

    /// <summary>The point's name.</summary>
    public required string PointName { get; init; }

    /// <summary>The epoch that the machine runs in.</summary>
    public required long Epoch { get; init; }

    /// <summary>When the work began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>How long it took until the machine was started: the RTO as measured, to power-on.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>
    /// How long it took until the guest first answered: the RTO as measured, to the first sign of life. Null in the answer to the call, which does not wait for it; in the stored report of the run
    /// (<see cref="IStateReader.ListRunsAsync"/>) null until it is known, and if the hypervisor cannot ask the guest or it did not answer within <see cref="Sites.EngineOptions.StartTimeout"/>.
    /// </summary>
    public TimeSpan? SignOfLife { get; init; }

    /// <summary>Whether the machine was started from exports of the point, so that its data were not written to its disks before, but are copied while it runs.</summary>
    public bool FromExports { get; init; }

    /// <summary>Sum of the lengths of the point's disks.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Bytes written to the target disks before the start; what was there already was left. Unknown, and 0, if the site was restarted in the middle.</summary>
    public long WrittenBytes { get; init; }

    /// <summary>The point that keeps the state from before an in-place restore or an undo; null if there is none.</summary>
    public Guid? KeptPoint { get; init; }
}

/// <summary>The outcome of one recovery of many. Immutable.</summary>
/// <param name="Request">What was asked.</param>
/// <param name="Report">What was done; null if it failed.</param>
/// <param name="Error">Why it failed; null if it did not.</param>
public sealed record RecoveryOutcome(RecoveryRequest Request, RecoveryReport? Report, DisasterToleranceException? Error);
