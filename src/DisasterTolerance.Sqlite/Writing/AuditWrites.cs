using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sqlite.Writing;

/// <summary>Appends to the audit log.</summary>
internal static class AuditWrites
{
    public static void Append(CatalogConnection connection, AuditEntry entry)
    {
        var last = connection.Row("SELECT body FROM audit ORDER BY sequence DESC LIMIT 1", RowJson.Default.AuditEntry);
        var placed = AuditChain.Link(entry, last?.Sequence ?? 0, last?.Hash ?? AuditChain.Origin);
        connection.Execute(
            "INSERT INTO audit (sequence, body) VALUES ($sequence, $body)", ("$sequence", placed.Sequence), ("$body", JsonSerializer.Serialize(placed, RowJson.Default.AuditEntry)));
    }
}
