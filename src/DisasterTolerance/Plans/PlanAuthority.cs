using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>Which of two copies of a plan holds.</summary>
internal enum PlanPrecedence
{
    /// <summary>Both are the same.</summary>
    Same = 0,
    /// <summary>This site's copy holds: send it.</summary>
    Own = 1,
    /// <summary>The peer's copy holds: store it.</summary>
    Peer = 2,
}

/// <summary>What is done with a plan.</summary>
internal enum PlanAction
{
    /// <summary>Any edit but those below.</summary>
    Edit = 0,
    /// <summary>Switching scheduled runs off and nothing else.</summary>
    Disable = 1,
    /// <summary>Deleting it.</summary>
    Delete = 2,
}

/// <summary>Who may change a plan, and which copy holds when sites meet. The master site has the say; the slave takes it over only by name.</summary>
internal static class PlanAuthority
{
    /// <summary>Decides between two copies of one plan. Both sites come to the same answer.</summary>
    /// <param name="own">This site's copy.</param>
    /// <param name="peer">The peer's copy, with the same uuid.</param>
    /// <param name="site">This site.</param>
    public static PlanPrecedence Decide(PlanRow own, PlanRow peer, Guid site)
    {
        var order = own.RevisionEpoch.CompareTo(peer.RevisionEpoch);
        order = order != 0 ? order : own.Revision.CompareTo(peer.Revision);
        if (order != 0)
        {
            return order > 0 ? PlanPrecedence.Own : PlanPrecedence.Peer;
        }

        if (SameContent(own, peer))
        {
            return PlanPrecedence.Same;
        }

        // Both sites numbered an edit alike without knowing of each other: after a take-over the taker has the say, before it the master.
        var author = own.RevisionEpoch % 2 == 0 ? own.Master : own.Slave;
        return author == site ? PlanPrecedence.Own : PlanPrecedence.Peer;
    }

    /// <summary>Whether a site may change a plan now; null if so.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="site">The site that was asked.</param>
    /// <param name="action">What shall be done.</param>
    /// <param name="peerReachable">Whether the other site answers: then it is asked to do it.</param>
    public static Refusal? MayChange(PlanRow plan, Guid site, PlanAction action, bool peerReachable)
    {
        if (site == AuthorityOf(plan))
        {
            return null;
        }

        if (peerReachable)
        {
            return new(ErrorCode.Conflict, $"This site has no say over {MachineNames.Of(plan)}: site {AuthorityOf(plan)} has, and it answers. Send the change there.");
        }

        return action == PlanAction.Disable
            ? null
            : new(ErrorCode.PeerUnreachable, $"Site {AuthorityOf(plan)}, which has the say over {MachineNames.Of(plan)}, does not answer. Wait for it, disable the plan here, or take the plan over by name.");
    }

    /// <summary>The site that has the say over a plan: the master, until the slave takes it over, and so on.</summary>
    /// <param name="plan">The plan.</param>
    public static Guid AuthorityOf(PlanRow plan) => plan.RevisionEpoch % 2 == 0 ? plan.Master : plan.Slave;

    /// <summary>The plan after a site took the say over it.</summary>
    /// <param name="plan">The plan as the site knows it.</param>
    /// <param name="site">Master or slave.</param>
    /// <param name="now">The time.</param>
    /// <returns>The same row if the site has the say already.</returns>
    public static PlanRow TakeOver(PlanRow plan, Guid site, DateTimeOffset now) =>
        site == AuthorityOf(plan) ? plan : plan with { RevisionEpoch = plan.RevisionEpoch + 1, Revision = plan.Revision + 1, Modified = PlanMerging.NextModified(plan, now) };

    /// <summary>Which of two live plans that protect the same machine is disabled: the one that was made later. Both sites come to the same answer.</summary>
    /// <param name="one">A plan.</param>
    /// <param name="other">Another plan.</param>
    public static PlanRow Newer(PlanRow one, PlanRow other) =>
        (one.Created, one.Uuid).CompareTo((other.Created, other.Uuid)) > 0 ? one : other;

    private static bool SameContent(PlanRow own, PlanRow peer) => own with { RowVersion = 0 } == peer with { RowVersion = 0 };
}
