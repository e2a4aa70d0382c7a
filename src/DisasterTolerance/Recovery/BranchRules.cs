using DisasterTolerance.Catalog;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Which points lie on a machine's current branch. A branch is written down as its forks: every fork leaves behind the points of older epochs after its base, and those of its own epoch that were
/// made between the base and the fork. A point is usable if it is there and undamaged.
/// </summary>
internal static class BranchRules
{
    /// <summary>Whether a point is on the branch.</summary>
    /// <param name="point">The point.</param>
    /// <param name="forks">The machine's forks.</param>
    public static bool IsOnBranch(PointRow point, IReadOnlyList<BranchFork> forks)
    {
        foreach (var fork in forks)
        {
            if (Leaves(fork, point))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a point is there and undamaged.</summary>
    /// <param name="point">The point.</param>
    public static bool IsUsable(PointRow point) => point.Removed is null && point.Damage.Length == 0;

    /// <summary>
    /// A fork that goes on from a point, or from nothing. From a point that is not on the branch (a residual one, say) it goes on where that point's own branch left this one: the point itself stays
    /// off, all that is captured from then on is on.
    /// </summary>
    /// <param name="epoch">The epoch that begins or goes on.</param>
    /// <param name="basePoint">The point; null for nothing.</param>
    /// <param name="lastSequence">The greatest sequence of any point that the site knows.</param>
    /// <param name="forks">The machine's forks so far.</param>
    public static BranchFork Fork(long epoch, PointRow? basePoint, long lastSequence, IReadOnlyList<BranchFork> forks)
    {
        if (basePoint is null)
        {
            return new(epoch, null, 0, lastSequence);
        }

        var leaving = forks.Where(fork => Leaves(fork, basePoint)).Select(fork => fork.BaseSequence);
        return new(epoch, basePoint.Uuid, Math.Min(basePoint.Sequence, leaving.DefaultIfEmpty(long.MaxValue).Min()), lastSequence);
    }

    /// <summary>A fork that ends a conflict: what the losing site captured since the point that both have in common is left behind, the winner's own points stay.</summary>
    /// <param name="epoch">The epoch that the choice began.</param>
    /// <param name="common">The newest point of the winner's branch that both sites hold; null for none.</param>
    /// <param name="lastSequence">The greatest sequence of any point that the site knows.</param>
    /// <param name="loser">The losing site.</param>
    public static BranchFork Resolution(long epoch, PointRow? common, long lastSequence, Guid loser) => new(epoch, common?.Uuid, common?.Sequence ?? 0, lastSequence, loser);

    /// <summary>Orders points: newest first.</summary>
    /// <param name="points">The points.</param>
    public static IEnumerable<PointRow> NewestFirst(IEnumerable<PointRow> points) =>
        points.OrderByDescending(point => point.Sequence).ThenByDescending(point => point.Epoch).ThenByDescending(point => point.Began).ThenBy(point => point.Uuid);

    /// <summary>The usable points of the branch, newest first.</summary>
    /// <param name="points">Points of one store.</param>
    /// <param name="forks">The machine's forks.</param>
    public static IReadOnlyList<PointRow> UsableOnBranch(IEnumerable<PointRow> points, IReadOnlyList<BranchFork> forks) =>
        [.. NewestFirst(points.Where(point => IsUsable(point) && IsOnBranch(point, forks)))];

    /// <summary>The newest usable point of the branch, or null.</summary>
    /// <param name="points">Points of one store.</param>
    /// <param name="forks">The machine's forks.</param>
    public static PointRow? NewestUsable(IEnumerable<PointRow> points, IReadOnlyList<BranchFork> forks) => UsableOnBranch(points, forks) is [var newest, ..] ? newest : null;

    /// <summary>The newest point of the branch that is usable in both stores, or null.</summary>
    /// <param name="own">Points in this site's store.</param>
    /// <param name="peer">Points in the peer's store.</param>
    /// <param name="forks">The machine's forks.</param>
    /// <returns>This site's row.</returns>
    public static PointRow? NewestCommon(IEnumerable<PointRow> own, IEnumerable<PointRow> peer, IReadOnlyList<BranchFork> forks)
    {
        var held = UsableUuids(peer);
        return UsableOnBranch(own, forks).FirstOrDefault(point => held.Contains(point.Uuid));
    }

    /// <summary>Usable points of the branch that the peer's store lacks or holds damaged, newest first.</summary>
    /// <param name="own">Points in this site's store.</param>
    /// <param name="peer">Points in the peer's store; a row that says a point was removed counts as held, because the peer let it go on purpose.</param>
    /// <param name="forks">The machine's forks.</param>
    public static IReadOnlyList<PointRow> Unshipped(IEnumerable<PointRow> own, IEnumerable<PointRow> peer, IReadOnlyList<BranchFork> forks)
    {
        var settled = peer.Where(point => point.Damage.Length == 0 || point.Removed is not null).Select(point => point.Uuid).ToHashSet();
        return [.. UsableOnBranch(own, forks).Where(point => !settled.Contains(point.Uuid))];
    }

    /// <summary>
    /// The point against which a point is best shipped: usable in both stores; on the same side of the forks rather than on the other, then its parent, then the nearest before it, then the nearest
    /// after it. Any common point gives a right result; a near one gives a small difference.
    /// </summary>
    /// <param name="point">The point to ship.</param>
    /// <param name="own">Points in this site's store.</param>
    /// <param name="peer">Points in the peer's store.</param>
    /// <param name="forks">The machine's forks.</param>
    /// <returns>This site's row, or null if the stores have nothing in common.</returns>
    public static PointRow? ShipBase(PointRow point, IEnumerable<PointRow> own, IEnumerable<PointRow> peer, IReadOnlyList<BranchFork> forks)
    {
        var held = UsableUuids(peer);
        return own
            .Where(candidate => candidate.Uuid != point.Uuid && IsUsable(candidate) && held.Contains(candidate.Uuid))
            .OrderByDescending(candidate => IsOnBranch(candidate, forks) == IsOnBranch(point, forks))
            .ThenByDescending(candidate => candidate.Uuid == point.Parent)
            .ThenByDescending(candidate => candidate.Sequence < point.Sequence)
            .ThenBy(candidate => Math.Abs(candidate.Sequence - point.Sequence))
            .ThenBy(candidate => candidate.Uuid)
            .FirstOrDefault();
    }

    private static bool Leaves(BranchFork fork, PointRow point) => point.Sequence > fork.BaseSequence
        && (fork.LeavesOrigin is { } loser
            ? point.Origin == loser && point.Epoch < fork.Epoch
            : point.Epoch < fork.Epoch || (point.Epoch == fork.Epoch && point.Sequence <= fork.AtSequence));

    private static HashSet<Guid> UsableUuids(IEnumerable<PointRow> points) => [.. points.Where(IsUsable).Select(point => point.Uuid)];
}
