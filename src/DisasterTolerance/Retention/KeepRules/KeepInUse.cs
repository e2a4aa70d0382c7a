using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps what work or a running machine needs.</summary>
internal sealed class KeepInUse : IKeepRule
{
    public string? Because(PointRow point, RetentionView view) =>
        view.Input.InUse.Contains(point.Uuid) ? "in use" : null;
}
