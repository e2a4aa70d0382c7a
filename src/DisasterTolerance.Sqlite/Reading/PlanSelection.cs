using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Reading;

/// <summary>Turns a query for plans into a selection. Pure functions.</summary>
internal static class PlanSelection
{
    // Plans are few (a thousand), so one index that holds every filter serves all lists.
    public static Selection Of(PlanQuery query)
    {
        var selection = new Selection("plans", "plans_by_created", "created DESC, uuid");
        if (!query.IncludeDeleted)
        {
            selection.Where("deleted = 0");
        }

        if (query.Master is { } master)
        {
            selection.Where("master = $master", ("$master", ColumnValues.Of(master)));
        }

        if (query.AnySite is { } site)
        {
            selection.Where("(master = $site OR slave = $site)", ("$site", ColumnValues.Of(site)));
        }

        if (query.Types is { Count: > 0 } types)
        {
            selection.Where("type IN (SELECT value FROM json_each($types))", ("$types", ColumnValues.List(types)));
        }

        if (!string.IsNullOrEmpty(query.Fuzzy))
        {
            selection.Where("instr(name_lower, $fuzzy) > 0", ("$fuzzy", ColumnValues.Folded(query.Fuzzy)));
        }

        return selection;
    }
}
