namespace DisasterTolerance.Catalog;

/// <summary>Who may run and capture a machine: an epoch (number and owner), and whether it was handed over but not yet taken. Immutable.</summary>
/// <param name="Number">1 at first. A change of owner adds one; the same owner anew adds two, so that no number is ever written by both sites.</param>
/// <param name="Owner">The site that owns the machine in this epoch.</param>
/// <param name="Began">When the owner wrote the epoch, on its own clock.</param>
/// <param name="YieldedTo">The site that the owner handed it over to for epoch <paramref name="Number"/> + 1; null if it did not. From then on the owner may start the machine
/// only by a failover of its own.</param>
/// <param name="Named">Whether an operator named this owner to end a conflict.</param>
public sealed record Ownership(long Number, Guid Owner, DateTimeOffset Began, Guid? YieldedTo = null, bool Named = false);

/// <summary>
/// A change of branch: the points that it leaves behind stay readable but are not on the current branch. Immutable.
/// </summary>
/// <param name="Epoch">The epoch that begins or goes on from the base.</param>
/// <param name="Base">The point that the branch goes on from; null if it begins from nothing.</param>
/// <param name="BaseSequence">Sequence of the last point that stays on the branch: that of the base, or where the base's own branch left this one if the base is not on it; 0 if there is none.</param>
/// <param name="AtSequence">The greatest sequence known when the fork was made: later points of the same epoch are on the branch.</param>
/// <param name="LeavesOrigin">If set, only points that this site captured in older epochs after the base are left behind: the branch that lost a conflict. Null leaves points of either site behind.</param>
public sealed record BranchFork(long Epoch, Guid? Base, long BaseSequence, long AtSequence, Guid? LeavesOrigin = null);

/// <summary>How the owner came to own a machine, until it is confirmed. Immutable.</summary>
/// <param name="Kind">Planned or not.</param>
/// <param name="From">The site that owned it before.</param>
/// <param name="Point">The point it was brought up from.</param>
/// <param name="At">When.</param>
public sealed record Takeover(TakeoverKind Kind, Guid From, Guid Point, DateTimeOffset At);

/// <summary>How a takeover came about.</summary>
public enum TakeoverKind
{
    /// <summary>By a hand-over: both sites agreed.</summary>
    Migration = 0,
    /// <summary>Without the other site.</summary>
    Failover = 1,
}

/// <summary>Two sites that both own a machine in their own view. Immutable.</summary>
/// <param name="Own">This site's ownership when the conflict was declared.</param>
/// <param name="Other">The other site's.</param>
/// <param name="Declared">When the conflict was declared here.</param>
/// <param name="Because">Why, for people.</param>
public sealed record OwnershipConflict(Ownership Own, Ownership Other, DateTimeOffset Declared, string Because);

/// <summary>Work with several durable steps that is taken up again after a crash. Immutable.</summary>
/// <param name="Id">Id of the work; every step is idempotent by it.</param>
/// <param name="Kind">What work.</param>
/// <param name="Step">The step that was reached, in the words of the work's own diagram.</param>
/// <param name="Point">The point concerned, if there is one.</param>
/// <param name="Host">The host to start on; empty for any.</param>
/// <param name="WasRunning">Whether the machine ran before and has to be started again if the work is given up.</param>
/// <param name="Started">When it began.</param>
/// <param name="Actor">Who asked for it.</param>
public sealed record PendingWork(Guid Id, WorkKind Kind, string Step, Guid? Point, string Host, bool WasRunning, DateTimeOffset Started, string Actor)
{
    /// <summary>Whether a failover is to start the machine from exports of the point rather than write its disks first.</summary>
    public bool FromExports { get; init; }
}

/// <summary>Kinds of work with several durable steps.</summary>
public enum WorkKind
{
    /// <summary>A planned migration, at the source.</summary>
    MigrateOut = 0,
    /// <summary>A planned migration, at the destination.</summary>
    MigrateIn = 1,
    /// <summary>A failover at the site that takes over.</summary>
    Failover = 2,
    /// <summary>An in-place restore.</summary>
    Restore = 3,
    /// <summary>The undo of a migration, at the site that gives the machine back.</summary>
    Undo = 4,
    /// <summary>Keeping the present disks as a residual point and becoming the replica.</summary>
    Yield = 5,
}
