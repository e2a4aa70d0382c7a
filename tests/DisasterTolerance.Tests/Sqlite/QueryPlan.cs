using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace DisasterTolerance.Tests.Sqlite;

/// <summary>What SQLite says of how it would run a statement.</summary>
internal static partial class QueryPlan
{
    /// <summary>The lines of <c>EXPLAIN QUERY PLAN</c> for a statement over a catalog's file.</summary>
    public static string Of(string file, string sql, IEnumerable<(string Name, object Value)> parameters)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        using var reader = command.ExecuteReader();
        var lines = new List<string>();
        while (reader.Read())
        {
            lines.Add(reader.GetString(3));
        }

        return string.Join("; ", lines);
    }

    /// <summary>Demands that no table is read through, and nothing is sorted.</summary>
    public static void DemandIndexed(string plan, string what)
    {
        Assert.False(WholeTable().IsMatch(plan), $"{what} reads a whole table: {plan}");
        Assert.False(plan.Contains("TEMP B-TREE", StringComparison.Ordinal), $"{what} sorts: {plan}");
    }

    [GeneratedRegex(@"SCAN (meta|settings|plans|machines|points|links|sessions|runs|audit|m)\b(?! USING)")]
    private static partial Regex WholeTable();
}
