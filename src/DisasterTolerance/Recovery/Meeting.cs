using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Recovery;

/// <summary>What a site holds for true about one machine's owner: this is what sites tell each other when they meet. Immutable.</summary>
/// <param name="Site">The site.</param>
/// <param name="Ownership">The highest epoch that it knows.</param>
/// <param name="Conflict">The conflict that is open there; null if there is none.</param>
internal sealed record OwnershipView(Guid Site, Ownership Ownership, OwnershipConflict? Conflict);

/// <summary>What only the site itself can tell when it learns that the peer took over. Immutable.</summary>
/// <param name="Power">What this site's hypervisor says of the machine now. A machine that is not registered here is off.</param>
/// <param name="NewestUnshippedBegan">When the capture began of the newest point that was captured here in the epoch of this site's view and that the peer lacks, on this site's clock; null if there is
/// none. (A point that the peer holds was there before it took over: it takes no point of an older epoch afterwards but residual ones.)</param>
/// <param name="Skew">The skew to the peer; null if it was never measured.</param>
/// <param name="FenceOnYield">Whether this site may stop the machine so as to yield.</param>
internal sealed record LocalFacts(PowerState Power, DateTimeOffset? NewestUnshippedBegan, ClockSkew? Skew, bool FenceOnYield);

/// <summary>What a site does about a machine's ownership after it heard the peer's view. Immutable.</summary>
internal abstract record MeetDecision
{
    private MeetDecision()
    {
    }

    /// <summary>Both views are the same: nothing to do.</summary>
    public sealed record Agreed : MeetDecision;

    /// <summary>This site's view is newer: nothing to do here; the peer will follow, or declare a conflict, when it hears this site's view.</summary>
    public sealed record Ahead : MeetDecision;

    /// <summary>This site did not own the machine, or handed it over, or was named as its owner: store the peer's epoch, clear the conflict. Nothing is lost by it.</summary>
    /// <param name="Ownership">The epoch to store.</param>
    public sealed record Adopt(Ownership Ownership) : MeetDecision;

    /// <summary>This site owned the machine and the peer has taken over: keep the present disks as a residual point, then store the peer's epoch, clear the conflict and become the replica.</summary>
    /// <param name="Ownership">The epoch to store at the end.</param>
    /// <param name="Stop">Whether the machine runs and has to be stopped first: an operator named the other site, or this site may fence.</param>
    public sealed record Yield(Ownership Ownership, bool Stop) : MeetDecision;

    /// <summary>Store a conflict; nothing is started, stopped, captured or discarded until an operator names the owner.</summary>
    /// <param name="Conflict">The conflict to store.</param>
    public sealed record Declare(OwnershipConflict Conflict) : MeetDecision;

    /// <summary>A conflict is open here and this view does not end it.</summary>
    public sealed record InConflict : MeetDecision;

    /// <summary>The peer hands the machine over to this site: store its view; the hand-over may be accepted.</summary>
    /// <param name="Ownership">The peer's ownership, with this site as the one it is yielded to.</param>
    public sealed record Offered(Ownership Ownership) : MeetDecision;

    /// <summary>This site handed the machine over and the peer has not accepted yet: ask it to go on, or take the machine back by a failover.</summary>
    public sealed record AwaitAcceptance : MeetDecision;

    /// <summary>It cannot be decided yet: neither start nor capture the machine, and meet again.</summary>
    /// <param name="Because">What is not known.</param>
    public sealed record Wait(string Because) : MeetDecision;
}
