using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Stores receive sessions.</summary>
internal static class SessionWrites
{
    private const string Insert = "INSERT INTO sessions (uuid, version, started, body) VALUES ($uuid, $next, $started, $body) ON CONFLICT DO NOTHING";
    private const string Update = "UPDATE sessions SET version = $next, started = $started, body = $body WHERE uuid = $uuid AND version = $version";

    public static void Put(CatalogConnection connection, SessionRow row)
    {
        var stored = row with { RowVersion = row.RowVersion + 1 };
        var changed = connection.Execute(
            row.RowVersion == 0 ? Insert : Update,
            ("$uuid", ColumnValues.Of(row.Uuid)),
            ("$version", row.RowVersion),
            ("$next", stored.RowVersion),
            ("$started", ColumnValues.Of(row.Started)),
            ("$body", JsonSerializer.Serialize(stored, RowJson.Default.SessionRow)));
        VersionedPut.Demand(
            changed, "receive session", row.Uuid, row.RowVersion, () => connection.Value("SELECT version FROM sessions WHERE uuid = $uuid", ("$uuid", ColumnValues.Of(row.Uuid))));
    }

    public static void Delete(CatalogConnection connection, Guid session) => connection.Execute("DELETE FROM sessions WHERE uuid = $uuid", ("$uuid", ColumnValues.Of(session)));
}
