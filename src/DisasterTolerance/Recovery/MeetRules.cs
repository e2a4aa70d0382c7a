using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Recovery;

/// <summary>
/// What two sites do when they hear each other's view of a machine's owner. The higher number holds. Who has to give the machine up decides whether it can, because only that site knows whether its
/// machine runs and what it captured; the other one follows a declared conflict. So two sites never decide against each other, however old, doubled or reordered the views are that they hear.
/// </summary>
internal static class MeetRules
{
    /// <summary>Decides at one site.</summary>
    /// <param name="own">This site's view.</param>
    /// <param name="peer">The peer's view, perhaps an old one.</param>
    /// <param name="facts">What only this site can tell; asked for when <see cref="NeedsFacts"/> says so, any value otherwise.</param>
    /// <param name="now">The time here.</param>
    public static MeetDecision Meet(OwnershipView own, OwnershipView peer, LocalFacts facts, DateTimeOffset now)
    {
        var (mine, theirs) = (own.Ownership, peer.Ownership);
        if (own.Conflict is { } open)
        {
            return MeetInConflict(own, open, theirs, facts, now);
        }

        if (IsAbout(peer.Conflict, mine))
        {
            return new MeetDecision.Declare(new(mine, theirs, now, peer.Conflict!.Because));
        }

        return theirs.Number.CompareTo(mine.Number) switch
        {
            > 0 => MeetNewer(own, peer, facts, now),
            < 0 => new MeetDecision.Ahead(),
            _ => MeetEqual(own, peer, now),
        };
    }

    /// <summary>Whether <see cref="Meet"/> will look at the facts.</summary>
    /// <param name="own">This site's view.</param>
    /// <param name="peer">The peer's view.</param>
    public static bool NeedsFacts(OwnershipView own, OwnershipView peer) =>
        own.Ownership.Owner == own.Site && peer.Ownership.Owner == peer.Site && peer.Ownership.Number > own.Ownership.Number;

    private static MeetDecision MeetNewer(OwnershipView own, OwnershipView peer, LocalFacts facts, DateTimeOffset now)
    {
        var (mine, theirs) = (own.Ownership, peer.Ownership);
        if (mine.Owner != own.Site || theirs.Owner == own.Site)
        {
            return new MeetDecision.Adopt(theirs);
        }

        // A choice that was named here is not overruled by one that was named there without knowing of it.
        if (theirs.Named && !mine.Named)
        {
            return new MeetDecision.Yield(theirs, Stop: facts.Power != PowerState.Off);
        }

        if (facts.Power == PowerState.Unknown)
        {
            return new MeetDecision.Wait("The other site has taken the machine over, and this site's hypervisor does not say whether it runs here.");
        }

        if (CapturedAfter(theirs, facts))
        {
            return Conflict(mine, theirs, now, "this site captured the machine after the other one had taken it over, or the clocks are too uncertain to exclude it");
        }

        if (facts.Power == PowerState.On && !facts.FenceOnYield)
        {
            return Conflict(mine, theirs, now, "the machine still runs at the site that was taken over from");
        }

        // After a hand-over the machine was off since its last capture: there is nothing to keep.
        return mine.YieldedTo == peer.Site && facts.Power == PowerState.Off
            ? new MeetDecision.Adopt(theirs)
            : new MeetDecision.Yield(theirs, Stop: facts.Power == PowerState.On);
    }

    private static MeetDecision MeetEqual(OwnershipView own, OwnershipView peer, DateTimeOffset now)
    {
        var (mine, theirs) = (own.Ownership, peer.Ownership);
        if (mine.Owner != theirs.Owner)
        {
            return Conflict(mine, theirs, now, "both sites wrote the same epoch, which happens only when one of them runs on an old copy of its catalog");
        }

        if (mine.YieldedTo is null && theirs.YieldedTo is not null)
        {
            // An owner that forgot its own hand-over runs on an old copy of its catalog: then the peer's word holds.
            return theirs.YieldedTo == own.Site ? new MeetDecision.Offered(theirs) : new MeetDecision.Adopt(theirs);
        }

        if (mine.YieldedTo is { } to)
        {
            return to != own.Site ? new MeetDecision.AwaitAcceptance()
                : theirs.YieldedTo == to ? new MeetDecision.Offered(theirs)
                : new MeetDecision.Ahead();
        }

        // Both sites may have written the same choice at different times. The owner's copy holds.
        return mine == theirs ? new MeetDecision.Agreed() : theirs.Owner == peer.Site ? new MeetDecision.Adopt(theirs) : new MeetDecision.Ahead();
    }

    private static MeetDecision MeetInConflict(OwnershipView own, OwnershipConflict open, Ownership theirs, LocalFacts facts, DateTimeOffset now)
    {
        var highest = Math.Max(own.Ownership.Number, Math.Max(open.Own.Number, open.Other.Number));
        if (theirs.Number <= highest)
        {
            return new MeetDecision.InConflict();
        }

        if (!theirs.Named)
        {
            // The peer went on without knowing of the conflict. It stays open, against what the peer is now.
            return new MeetDecision.Declare(open with { Other = theirs, Declared = now });
        }

        return theirs.Owner == own.Site ? new MeetDecision.Adopt(theirs)
            : own.Ownership.Owner == own.Site ? new MeetDecision.Yield(theirs, Stop: facts.Power != PowerState.Off)
            : new MeetDecision.Adopt(theirs);
    }

    private static MeetDecision.Declare Conflict(Ownership mine, Ownership theirs, DateTimeOffset now, string because) =>
        new(new OwnershipConflict(mine, theirs, now, because));

    private static bool IsAbout(OwnershipConflict? conflict, Ownership mine) =>
        conflict is not null && conflict.Other.Number == mine.Number && conflict.Other.Owner == mine.Owner;

    // When the skew leaves it open which came first, it counts as captured after: a conflict too many costs an operator one choice, a conflict too few would put a branch aside that may hold
    // work done after the split, without anybody being asked.
    private static bool CapturedAfter(Ownership theirs, LocalFacts facts) =>
        facts.NewestUnshippedBegan is { } captured && (facts.Skew is not { } skew || captured >= skew.EarliestHere(theirs.Began));
}
