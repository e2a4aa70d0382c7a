using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Retention;

/// <summary>Which points get a grace period when somebody shortens their life. Points that a machine has when it joins a plan again keep what they have: the plan's retention adopts them.</summary>
internal static class GraceRules
{
    /// <summary>Rows to store when a plan's retention changes: what the old one kept and the new one drops.</summary>
    /// <param name="points">The machine's points in this store.</param>
    /// <param name="forks">The machine's forks.</param>
    /// <param name="before">The old retention.</param>
    /// <param name="after">The new retention.</param>
    /// <param name="now">The time on this site's clock.</param>
    /// <param name="grace">This site's grace period.</param>
    public static IReadOnlyList<PointRow> OnEdit(
        IReadOnlyList<PointRow> points, IReadOnlyList<BranchFork> forks, RetentionPolicy before, RetentionPolicy after, DateTimeOffset now, TimeSpan grace)
    {
        var present = points.Where(point => point.Removed is null).ToList();
        var branch = BranchRules.UsableOnBranch(present, forks);
        var onBranch = branch.Select(point => point.Uuid).ToHashSet();
        var keptBefore = PolicyRules.Kept(branch, before).Select(point => point.Uuid).ToHashSet();
        var keptAfter = PolicyRules.Kept(branch, after).Select(point => point.Uuid).ToHashSet();
        return Prolong(
            present.Where(point => onBranch.Contains(point.Uuid)
                ? keptBefore.Contains(point.Uuid) && !keptAfter.Contains(point.Uuid)
                : PolicyRules.KeepsAside(point, branch, before) && !PolicyRules.KeepsAside(point, branch, after)),
            now + grace);
    }

    /// <summary>Rows to store when a machine is removed from its plan or the plan is deleted: all points.</summary>
    /// <param name="points">The machine's points in this store.</param>
    /// <param name="now">The time on this site's clock.</param>
    /// <param name="grace">This site's grace period.</param>
    public static IReadOnlyList<PointRow> OnRemoval(IReadOnlyList<PointRow> points, DateTimeOffset now, TimeSpan grace) =>
        Prolong(points.Where(point => point.Removed is null), now + grace);

    // A grace period is never shortened by the next one.
    private static List<PointRow> Prolong(IEnumerable<PointRow> points, DateTimeOffset until) =>
        [.. points.Where(point => point.GraceUntil is null || point.GraceUntil < until).Select(point => point with { GraceUntil = until })];
}
