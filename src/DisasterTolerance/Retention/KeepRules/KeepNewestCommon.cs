using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps the newest point that both stores hold while the machine is protected: the next difference is against it.</summary>
internal sealed class KeepNewestCommon : IKeepRule
{
    public string? Because(PointRow point, RetentionView view) =>
        view.Input.Policy is not null && point.Uuid == view.Input.NewestCommon ? "the newest point that both sites hold" : null;
}
