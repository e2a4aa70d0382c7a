using DisasterTolerance.Catalog;

namespace DisasterTolerance.Retention.KeepRules;

/// <summary>Keeps what this site's own floor demands while the machine is protected.</summary>
internal sealed class KeepFloor : IKeepRule
{
    public string? Because(PointRow point, RetentionView view)
    {
        if (view.Input.Policy is null)
        {
            return null;
        }

        if (view.Floor.Contains(point.Uuid))
        {
            return "within this site's floor of points";
        }

        return view.Input.Now - point.Committed < view.Input.Floor.FloorAge ? "younger than this site's floor" : null;
    }
}
