using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention;

/// <summary>One reason to keep points. A point goes only if no rule keeps it. Without state, thread-safe.</summary>
internal interface IKeepRule
{
    /// <summary>Why the point is kept, or null if this rule does not keep it.</summary>
    /// <param name="point">A point that is there.</param>
    /// <param name="view">Everything known.</param>
    string? Because(PointRow point, RetentionView view);
}
