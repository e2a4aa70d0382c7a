namespace DisasterTolerance.Compare.Processes;

/// <summary>Programs on the search path.</summary>
internal static class Programs
{
    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin", "/sbin"];

    public static bool Exists(string name) => Folders.Any(folder => File.Exists(Path.Combine(folder, name)));
}
