using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention;

/// <summary>What a plan's retention keeps of a branch.</summary>
internal static class PolicyRules
{
    /// <summary>The points that a policy keeps.</summary>
    /// <param name="branch">Usable points of one branch, newest first.</param>
    /// <param name="policy">The policy.</param>
    public static IReadOnlyList<PointRow> Kept(IReadOnlyList<PointRow> branch, RetentionPolicy policy)
    {
        if (branch.Count == 0)
        {
            return [];
        }

        if (policy.Count is { } count)
        {
            return [.. branch.Take(count)];
        }

        var newest = branch[0].Committed;
        return [.. branch.Where(point => newest - point.Committed <= policy.Duration)];
    }

    /// <summary>
    /// Whether a policy keeps a point that is damaged or off the branch. Such points are not counted: they go when they are older than all that the policy keeps of the branch, so that an old branch
    /// fades as the new one grows.
    /// </summary>
    /// <param name="point">The point.</param>
    /// <param name="branch">Usable points of the current branch, newest first.</param>
    /// <param name="policy">The policy.</param>
    public static bool KeepsAside(PointRow point, IReadOnlyList<PointRow> branch, RetentionPolicy policy)
    {
        if (branch.Count == 0)
        {
            return true;
        }

        if (policy.Duration is { } duration)
        {
            return branch[0].Committed - point.Committed <= duration;
        }

        return branch.Count < policy.Count || point.Committed >= branch.Take(policy.Count!.Value).Min(kept => kept.Committed);
    }
}
