using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps what a site still had when it learnt that the other one had taken over.</summary>
internal sealed class KeepResidual : IKeepRule
{
    public string? Because(PointRow point, RetentionView view) =>
        point.Kind == PointKind.Residual ? "what was left when the other site took over" : null;
}
