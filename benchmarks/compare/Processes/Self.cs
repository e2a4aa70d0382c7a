namespace DisasterTolerance.Compare.Processes;

/// <summary>How this program is started once more.</summary>
internal static class Self
{
    /// <summary>What comes between the program of this process and the arguments: the assembly, if the program is the runtime.</summary>
    public static IReadOnlyList<string> Arguments { get; } =
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.GetCommandLineArgs()[0]] : [];

    public static Command Command(params IEnumerable<string> arguments) => new(Environment.ProcessPath!, [.. Arguments, .. arguments]);
}
