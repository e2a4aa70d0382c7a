using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Stores links.</summary>
internal static class LinkWrites
{
    private const string Insert = "INSERT INTO links (uuid, version, created, body) VALUES ($uuid, $next, $created, $body) ON CONFLICT DO NOTHING";
    private const string Update = "UPDATE links SET version = $next, created = $created, body = $body WHERE uuid = $uuid AND version = $version";

    public static void Put(CatalogConnection connection, LinkRow row)
    {
        var stored = row with { RowVersion = row.RowVersion + 1 };
        var changed = connection.Execute(
            row.RowVersion == 0 ? Insert : Update,
            ("$uuid", ColumnValues.Of(row.Uuid)),
            ("$version", row.RowVersion),
            ("$next", stored.RowVersion),
            ("$created", ColumnValues.Of(row.Created)),
            ("$body", JsonSerializer.Serialize(stored, RowJson.Default.LinkRow)));
        VersionedPut.Demand(
            changed, "link", row.Uuid, row.RowVersion, () => connection.Value("SELECT version FROM links WHERE uuid = $uuid", ("$uuid", ColumnValues.Of(row.Uuid))));
    }
}
