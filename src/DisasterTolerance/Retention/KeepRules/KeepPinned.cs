using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps what somebody pinned.</summary>
internal sealed class KeepPinned : IKeepRule
{
    public string? Because(PointRow point, RetentionView view) =>
        point.Pinned ? "pinned" : null;
}
