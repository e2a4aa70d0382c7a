namespace DisasterTolerance.EndToEnd;

/// <summary>The processes of this computer, on Linux.</summary>
internal static class ProcessList
{
    /// <summary>Command lines with that text.</summary>
    public static string[] Naming(string text) =>
        [.. Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)).Select(CommandLine).Where(line => line.Contains(text, StringComparison.Ordinal))];

    private static string CommandLine(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile.
            return "";
        }
    }
}
