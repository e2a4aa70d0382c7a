using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Stores plans, and keeps the copies of their columns in the rows of their machines.</summary>
internal static class PlanWrites
{
    private const string Insert = """
        INSERT INTO plans (uuid, version, created, deleted, master, slave, type, name_lower, body)
        VALUES ($uuid, $next, $created, $deleted, $master, $slave, $type, $name, $body) ON CONFLICT DO NOTHING
        """;

    private const string Update = """
        UPDATE plans SET version = $next, created = $created, deleted = $deleted, master = $master, slave = $slave, type = $type, name_lower = $name, body = $body
        WHERE uuid = $uuid AND version = $version
        """;

    // Machines that have these values already are left alone: most edits of a plan touch none of them.
    private const string Spread = """
        UPDATE machines SET plan_master = $master, plan_slave = $slave, plan_type = $type, plan_name_lower = $name, hidden = (removed OR $deleted)
        WHERE plan = $uuid AND (plan_master IS NOT $master OR plan_slave IS NOT $slave OR plan_type IS NOT $type OR plan_name_lower IS NOT $name OR hidden <> (removed OR $deleted))
        """;

    private const string Orphan = "UPDATE machines SET plan_master = NULL, plan_slave = NULL, plan_type = NULL, plan_name_lower = NULL, hidden = 1 WHERE plan = $uuid";

    public static void Put(CatalogConnection connection, PlanRow row)
    {
        var stored = row with { RowVersion = row.RowVersion + 1 };
        ReadOnlySpan<(string, object)> values =
        [
            ("$uuid", ColumnValues.Of(row.Uuid)), ("$version", row.RowVersion), ("$next", stored.RowVersion), ("$created", ColumnValues.Of(row.Created)),
            ("$deleted", ColumnValues.Of(row.Deleted is not null)), ("$master", ColumnValues.Of(row.Master)), ("$slave", ColumnValues.Of(row.Slave)), ("$type", row.Type),
            ("$name", ColumnValues.Folded(row.Name)), ("$body", JsonSerializer.Serialize(stored, RowJson.Default.PlanRow)),
        ];
        VersionedPut.Demand(
            connection.Execute(row.RowVersion == 0 ? Insert : Update, values),
            "plan",
            row.Uuid,
            row.RowVersion,
            () => connection.Value("SELECT version FROM plans WHERE uuid = $uuid", ("$uuid", ColumnValues.Of(row.Uuid))));
        connection.Execute(Spread, values);
    }

    public static void Delete(CatalogConnection connection, Guid plan)
    {
        connection.Execute("DELETE FROM plans WHERE uuid = $uuid", ("$uuid", ColumnValues.Of(plan)));
        connection.Execute(Orphan, ("$uuid", ColumnValues.Of(plan)));
    }
}
