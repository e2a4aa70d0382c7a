namespace DisasterTolerance.EndToEnd;

/// <summary>Commands that are installed here.</summary>
internal static class CommandPath
{
    public static string Variable => Environment.GetEnvironmentVariable("PATH") ?? "";

    public static bool Has(string command) => Variable.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, command)));
}
