using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps what the plan says.</summary>
internal sealed class KeepByPolicy : IKeepRule
{
    public string? Because(PointRow point, RetentionView view)
    {
        if (view.Input.Policy is not { } policy)
        {
            // Removed without a grace period means that the removal did not reach this row yet, never that it may go at once.
            return point.GraceUntil is null ? "its grace period has not begun" : null;
        }

        var aside = !BranchRules.IsUsable(point) || !BranchRules.IsOnBranch(point, view.Input.Forks);
        return (aside ? PolicyRules.KeepsAside(point, view.Branch, policy) : view.KeptByPolicy.Contains(point.Uuid)) ? "within the plan's retention" : null;
    }
}
