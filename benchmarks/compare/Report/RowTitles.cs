namespace DisasterTolerance.Compare.Report;

/// <summary>Rows in words.</summary>
internal static class RowTitles
{
    public static string Of(Row row) => row switch
    {
        Row.First => "First capture",
        Row.Nothing => "Nothing changed",
        Row.Scattered => "Scattered 4 KiB writes",
        Row.Day => "A day's change",
        Row.Differential => "Disk set back before the day's change",
        _ => "Restore to a new raw image",
    };
}
