using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Stores finished runs, and forgets the oldest of a machine that has too many.</summary>
internal static class RunWrites
{
    private const string Upsert = """
        INSERT INTO runs (uuid, machine, started, body) VALUES ($uuid, $machine, $started, $body)
        ON CONFLICT (uuid) DO UPDATE SET machine = excluded.machine, started = excluded.started, body = excluded.body
        """;

    private const string Trim = """
        DELETE FROM runs WHERE rowid IN (
            SELECT rowid FROM runs INDEXED BY runs_by_machine WHERE machine = $machine ORDER BY started DESC, uuid LIMIT -1 OFFSET $kept)
        """;

    public static void Put(CatalogConnection connection, RunRow row)
    {
        connection.Execute(
            Upsert,
            ("$uuid", ColumnValues.Of(row.Uuid)),
            ("$machine", ColumnValues.Of(row.Machine)),
            ("$started", ColumnValues.Of(row.Started)),
            ("$body", JsonSerializer.Serialize(row, RowJson.Default.RunRow)));
        connection.Execute(Trim, ("$machine", ColumnValues.Of(row.Machine)), ("$kept", RunRow.KeptPerMachine));
    }
}
