using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;

namespace DisasterTolerance.Scheduling;

/// <summary>Which points are shipped, and in which order.</summary>
internal static class ShippingOrder
{
    /// <summary>
    /// The points of the current branch that the peer lacks: the newest first, because it is what the RPO counts, then older ones, newest first, that retention would keep at the peer beside
    /// what is there. Ones that retention would drop at once are not shipped.
    /// </summary>
    /// <param name="own">Points in this site's store.</param>
    /// <param name="peer">Points in the peer's store, as far as known.</param>
    /// <param name="forks">The machine's forks.</param>
    /// <param name="policy">The plan's retention.</param>
    public static IReadOnlyList<PointRow> Of(IReadOnlyList<PointRow> own, IReadOnlyList<PointRow> peer, IReadOnlyList<BranchFork> forks, RetentionPolicy policy)
    {
        var unshipped = BranchRules.Unshipped(own, peer, forks);
        var held = BranchRules.UsableOnBranch(peer, forks);
        var kept = PolicyRules.Kept([.. BranchRules.NewestFirst(held.Concat(unshipped))], policy).Select(point => point.Uuid).ToHashSet();
        return [.. unshipped.Where(point => kept.Contains(point.Uuid))];
    }

    /// <summary>Bytes that are still to be shipped, before negotiation: what the captures of those points added.</summary>
    public static long Bytes(IEnumerable<PointRow> owed) => owed.Sum(point => point.AddedBytes);
}
