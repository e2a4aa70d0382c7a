using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps everything while a conflict is open: nobody knows yet which branch will be named.</summary>
internal sealed class KeepInConflict : IKeepRule
{
    public string? Because(PointRow point, RetentionView view) =>
        view.Input.ConflictOpen ? "a conflict of owners is open" : null;
}
