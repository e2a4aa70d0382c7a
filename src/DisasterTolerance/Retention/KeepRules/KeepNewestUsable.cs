using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps the newest usable point of the branch while the machine is protected.</summary>
internal sealed class KeepNewestUsable : IKeepRule
{
    public string? Because(PointRow point, RetentionView view) =>
        view.Input.Policy is not null && point.Uuid == view.Newest?.Uuid ? "the newest usable point" : null;
}
