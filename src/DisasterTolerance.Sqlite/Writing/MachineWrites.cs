using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Stores machines, with copies of the columns of their plan that machines are listed by.</summary>
internal static class MachineWrites
{
    private const string Insert = """
        INSERT INTO machines (uuid, version, plan, master_uuid, slave_uuid, created, removed, next_run, name_lower, hidden, plan_master, plan_slave, plan_type, plan_name_lower, body)
        VALUES ($uuid, $next, $plan, $master, $slave, $created, $removed, $due, $name, $hidden, $planMaster, $planSlave, $planType, $planName, $body) ON CONFLICT DO NOTHING
        """;

    // SQLite rewrites the entries of every index whose columns are named here, changed or not. Nearly all puts change only the body and the schedule, so these are tried alone first.
    private const string UpdateFacts = """
        UPDATE machines SET version = $next, next_run = $due, body = $body
        WHERE uuid = $uuid AND version = $version AND plan = $plan AND master_uuid = $master AND slave_uuid = $slave AND created = $created AND removed = $removed AND name_lower = $name
        """;

    private const string UpdateAll = """
        UPDATE machines SET version = $next, plan = $plan, master_uuid = $master, slave_uuid = $slave, created = $created, removed = $removed, next_run = $due, name_lower = $name,
            hidden = $hidden, plan_master = $planMaster, plan_slave = $planSlave, plan_type = $planType, plan_name_lower = $planName, body = $body
        WHERE uuid = $uuid AND version = $version
        """;

    public static void Put(CatalogConnection connection, MachineRow row)
    {
        var stored = row with { RowVersion = row.RowVersion + 1 };
        ReadOnlySpan<(string, object)> own =
        [
            ("$uuid", ColumnValues.Of(row.Uuid)), ("$version", row.RowVersion), ("$next", stored.RowVersion), ("$plan", ColumnValues.Of(row.Plan)),
            ("$master", ColumnValues.Of(row.MasterUuid)), ("$slave", ColumnValues.Of(row.SlaveUuid)), ("$created", ColumnValues.Of(row.Created)),
            ("$removed", ColumnValues.Of(row.Removed is not null)), ("$due", ColumnValues.Of(row.NextRun)), ("$name", ColumnValues.Folded(row.Name)),
            ("$body", JsonSerializer.Serialize(stored, RowJson.Default.MachineRow)),
        ];
        if (row.RowVersion != 0 && connection.Execute(UpdateFacts, own) == 1)
        {
            return;
        }

        var plan = connection.Columns("SELECT master, slave, type, name_lower, deleted FROM plans WHERE uuid = $uuid", ("$uuid", ColumnValues.Of(row.Plan)))
            ?? [DBNull.Value, DBNull.Value, DBNull.Value, DBNull.Value, 1L];
        var changed = connection.Execute(
            row.RowVersion == 0 ? Insert : UpdateAll,
            [
                .. own, ("$planMaster", plan[0]), ("$planSlave", plan[1]), ("$planType", plan[2]), ("$planName", plan[3]),
                ("$hidden", ColumnValues.Of(row.Removed is not null || (long)plan[4] != 0)),
            ]);
        VersionedPut.Demand(
            changed, "machine", row.Uuid, row.RowVersion, () => connection.Value("SELECT version FROM machines WHERE uuid = $uuid", ("$uuid", ColumnValues.Of(row.Uuid))));
    }

    public static void Delete(CatalogConnection connection, Guid machine)
    {
        var uuid = ("$uuid", ColumnValues.Of(machine));
        connection.Execute("DELETE FROM machines WHERE uuid = $uuid", uuid);
        connection.Execute("DELETE FROM points WHERE machine = $uuid", uuid);
        connection.Execute("DELETE FROM runs WHERE machine = $uuid", uuid);
    }
}
