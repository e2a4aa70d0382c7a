using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Reading;

/// <summary>Turns a query for machines into a selection. Pure functions.</summary>
internal static class MachineSelection
{
    // Three searches by index; a condition with OR would leave the choice to SQLite.
    private const string ByUuids = """
        rowid IN (
            SELECT m.rowid FROM json_each($uuids) AS j CROSS JOIN machines AS m ON m.uuid = unhex(j.value)
            UNION ALL SELECT m.rowid FROM json_each($uuids) AS j CROSS JOIN machines AS m INDEXED BY machines_by_master_uuid ON m.master_uuid = unhex(j.value)
            UNION ALL SELECT m.rowid FROM json_each($uuids) AS j CROSS JOIN machines AS m INDEXED BY machines_by_slave_uuid ON m.slave_uuid = unhex(j.value))
        """;

    public static Selection Of(MachineQuery query)
    {
        var selection = new Selection("machines", IndexFor(query), "created DESC, uuid");
        if (!query.IncludeRemoved)
        {
            selection.Where("hidden = 0");
        }

        if (query.Plan is { } plan)
        {
            selection.Where("plan = $plan", ("$plan", ColumnValues.Of(plan)));
        }

        if (query.Master is { } master)
        {
            selection.Where("plan_master = $master", ("$master", ColumnValues.Of(master)));
        }

        if (query.Slave is { } slave)
        {
            selection.Where("plan_slave = $slave", ("$slave", ColumnValues.Of(slave)));
        }

        if (query.AnySite is { } site)
        {
            selection.Where("(plan_master = $site OR plan_slave = $site)", ("$site", ColumnValues.Of(site)));
        }

        if (query.Types is { Count: > 0 } types)
        {
            selection.Where("plan_type IN (SELECT value FROM json_each($types))", ("$types", ColumnValues.List(types)));
        }

        if (query.Uuids is { Count: > 0 } uuids)
        {
            selection.Where(ByUuids, ("$uuids", ColumnValues.List(uuids)));
        }

        if (!string.IsNullOrEmpty(query.Fuzzy))
        {
            selection.Where("(instr(name_lower, $fuzzy) > 0 OR instr(plan_name_lower, $fuzzy) > 0)", ("$fuzzy", ColumnValues.Folded(query.Fuzzy)));
        }

        return selection;
    }

    private static string? IndexFor(MachineQuery query) => query switch
    {
        // A few machines by name: found first, then sorted.
        { Uuids.Count: > 0 } => null,
        { Plan: not null } => "machines_by_plan",
        // The only index with the names: a search through them reads no row that does not match.
        { Fuzzy.Length: > 0 } => "machines_by_created",
        { Master: not null } => "machines_by_master",
        // The index by slave does not hold the master.
        { Slave: not null, AnySite: null } => "machines_by_slave",
        _ => "machines_by_created",
    };
}
