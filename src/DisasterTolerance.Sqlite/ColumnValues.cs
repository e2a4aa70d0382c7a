using System.Text.Json;

namespace DisasterTolerance.Sqlite;

/// <summary>How values look in the columns that queries need. Pure functions.</summary>
internal static class ColumnValues
{
    // Big-endian, so that the order of the bytes is the order of the written form.
    public static byte[] Of(Guid value) => value.ToByteArray(bigEndian: true);

    public static object Of(Guid? value) => value is { } known ? Of(known) : DBNull.Value;

    public static long Of(DateTimeOffset value) => value.ToUnixTimeMilliseconds();

    public static object Of(DateTimeOffset? value) => value is { } known ? Of(known) : DBNull.Value;

    public static long Of(bool value) => value ? 1 : 0;

    /// <summary>Text in which letters of either case look the same: SQLite alone knows only those of ASCII.</summary>
    public static string Folded(string text) => text.ToLowerInvariant();

    /// <summary>A list as one parameter, so that the statement's text does not depend on its length.</summary>
    public static string List(IEnumerable<Guid> values) => JsonSerializer.Serialize(values.Select(value => value.ToString("N")), RowJson.Default.IEnumerableString);

    /// <inheritdoc cref="List(IEnumerable{Guid})"/>
    public static string List(IEnumerable<string> values) => JsonSerializer.Serialize(values, RowJson.Default.IEnumerableString);
}
