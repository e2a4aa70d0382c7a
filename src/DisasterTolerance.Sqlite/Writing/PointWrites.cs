using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Stores points.</summary>
internal static class PointWrites
{
    private const string Insert = """
        INSERT INTO points (uuid, site, version, machine, name, began, sequence, committed, removed, facts, body)
        VALUES ($uuid, $site, $next, $machine, $name, $began, $sequence, $committed, $removed, $facts, $body) ON CONFLICT DO NOTHING
        """;

    private const string Update = """
        UPDATE points SET version = $next, machine = $machine, name = $name, began = $began, sequence = $sequence, committed = $committed, removed = $removed, facts = $facts, body = $body
        WHERE uuid = $uuid AND site = $site AND version = $version
        """;

    public static void Put(CatalogConnection connection, PointRow row)
    {
        var stored = row with { RowVersion = row.RowVersion + 1 };
        var changed = connection.Execute(
            row.RowVersion == 0 ? Insert : Update,
            ("$uuid", ColumnValues.Of(row.Uuid)),
            ("$site", ColumnValues.Of(row.Site)),
            ("$version", row.RowVersion),
            ("$next", stored.RowVersion),
            ("$machine", ColumnValues.Of(row.Machine)),
            ("$name", row.Name),
            ("$began", ColumnValues.Of(row.Began)),
            ("$sequence", row.Sequence),
            ("$committed", ColumnValues.Of(row.Committed)),
            ("$removed", ColumnValues.Of(row.Removed is not null)),
            ("$facts", row.FactsVersion),
            ("$body", JsonSerializer.Serialize(stored, RowJson.Default.PointRow)));
        VersionedPut.Demand(
            changed,
            $"point of site {row.Site} with uuid",
            row.Uuid,
            row.RowVersion,
            () => connection.Value("SELECT version FROM points WHERE uuid = $uuid AND site = $site", ("$uuid", ColumnValues.Of(row.Uuid)), ("$site", ColumnValues.Of(row.Site))));
    }

    public static void Delete(CatalogConnection connection, Guid point, Guid site) =>
        connection.Execute("DELETE FROM points WHERE uuid = $uuid AND site = $site", ("$uuid", ColumnValues.Of(point)), ("$site", ColumnValues.Of(site)));
}
