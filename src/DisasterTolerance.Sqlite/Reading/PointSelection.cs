using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Reading;

/// <summary>Turns a query for points into a selection. Pure functions.</summary>
internal static class PointSelection
{
    public static Selection Of(PointQuery query)
    {
        var index = query switch
        {
            { Name: not null } => "points_by_name",
            { Machine: not null } => "points_by_machine",
            _ => "points_by_began",
        };
        var selection = new Selection("points", index, "began DESC, sequence DESC, uuid, site");
        if (!query.IncludeRemoved)
        {
            selection.Where("removed = 0");
        }

        if (query.Name is { } name)
        {
            selection.Where("name = $name", ("$name", name));
        }

        if (query.Machine is { } machine)
        {
            selection.Where("machine = $machine", ("$machine", ColumnValues.Of(machine)));
        }

        if (query.Site is { } site)
        {
            selection.Where("site = $site", ("$site", ColumnValues.Of(site)));
        }

        if (query.From is { } from)
        {
            selection.Where("committed >= $from", ("$from", ColumnValues.Of(from)));
        }

        if (query.Until is { } until)
        {
            selection.Where("committed <= $until", ("$until", ColumnValues.Of(until)));
        }

        if (query.ChangedAfter is { } version)
        {
            selection.Where("facts > $changed", ("$changed", version));
        }

        return selection;
    }
}
