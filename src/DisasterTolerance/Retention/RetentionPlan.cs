using DisasterTolerance.Catalog;
using DisasterTolerance.Retention.KeepRules;

namespace DisasterTolerance.Retention;

/// <summary>A point and why it is kept or goes. Immutable.</summary>
/// <param name="Point">The point.</param>
/// <param name="Because">All reasons.</param>
internal sealed record RetentionVerdict(PointRow Point, string Because);

/// <summary>Which points of one machine in one store go, and which stay. Immutable.</summary>
/// <param name="Keep">Points that stay, newest first.</param>
/// <param name="Remove">Points that go, oldest first.</param>
/// <param name="Paused">Why nothing goes whatever the rules say; null if they decide.</param>
internal sealed record RetentionPlan(IReadOnlyList<RetentionVerdict> Keep, IReadOnlyList<RetentionVerdict> Remove, string? Paused)
{
    private static readonly IReadOnlyList<IKeepRule> Rules =
    [
        new KeepNewestUsable(),
        new KeepNewestCommon(),
        new KeepResidual(),
        new KeepPinned(),
        new KeepInUse(),
        new KeepInConflict(),
        new KeepInGrace(),
        new KeepFloor(),
        new KeepByPolicy(),
    ];

    /// <summary>Decides. The same input gives the same plan; a plan that was carried out leaves nothing more to do.</summary>
    /// <param name="input">Everything known.</param>
    public static RetentionPlan Compute(RetentionInput input)
    {
        var view = new RetentionView(input);
        if (PauseOf(view) is { } paused)
        {
            return new([.. view.Present.Select(point => new RetentionVerdict(point, paused))], [], paused);
        }

        var keep = new List<RetentionVerdict>();
        var remove = new List<RetentionVerdict>();
        foreach (var point in view.Present)
        {
            var reasons = Rules.Select(rule => rule.Because(point, view)).OfType<string>().ToList();
            if (reasons.Count > 0)
            {
                keep.Add(new(point, string.Join("; ", reasons)));
            }
            else
            {
                remove.Add(new(point, input.Policy is null ? "its machine is not protected any more and its grace period is over" : "beyond the plan's retention"));
            }
        }

        remove.Reverse();
        return new(keep, remove, null);
    }

    private static string? PauseOf(RetentionView view)
    {
        var input = view.Input;
        if (input.Skew is { } skew && skew.Duration() > input.Floor.LargestSkew)
        {
            return $"the sites' clocks differ by {skew.Duration()}";
        }

        // A stamp of the future would make every other point look old: a wrong clock, or somebody who wants just that.
        return view.Newest is { } newest && newest.Committed > input.Now + input.Floor.LargestSkew
            ? $"the point {newest.Name} carries a time that is still to come"
            : null;
    }
}
