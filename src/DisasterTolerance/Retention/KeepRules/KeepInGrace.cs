using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps what was dropped by an edit or a removal until its grace period is over.</summary>
internal sealed class KeepInGrace : IKeepRule
{
    public string? Because(PointRow point, RetentionView view) =>
        point.GraceUntil > view.Input.Now ? "its grace period is not over" : null;
}
