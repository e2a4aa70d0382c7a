namespace DisasterTolerance.Compare.Measuring;

/// <summary>Where the processor time of one row went, by <c>perf</c>: all processes, functions of compiled code by name.</summary>
internal static class Profile
{
    private const string Report = """
        { perf report --stdio -q --sort comm,dso --percent-limit 1 -i "$0"; perf report --stdio -q --sort dso,symbol --percent-limit 0.5 -i "$0"; } > "$1" 2> /dev/null
        """;

    /// <summary>Has the runtimes of processes started from now on tell perf the names of compiled code.</summary>
    public static void NameFunctions()
    {
        Environment.SetEnvironmentVariable("DOTNET_PerfMapEnabled", "1");
        Environment.SetEnvironmentVariable("DOTNET_EnableWriteXorExecute", "0");
    }

    /// <summary>Records while the work is done, and writes the functions with the largest shares to a text file.</summary>
    /// <param name="path">The text file.</param>
    /// <param name="work">What is recorded.</param>
    public static async Task RecordAsync(string path, Func<Task> work)
    {
        var samples = path + ".samples";
        await using var processes = new ProcessGroup(null);
        var recorder = processes.StartDaemon(new Command("perf", "record", "-q", "-a", "-F", "999", "-o", samples));
        try
        {
            await work();
        }
        finally
        {
            await processes.EndAsync(recorder);
        }

        var command = new Command("sh", "-c", Report, samples, path);
        await processes.RunAsync(command, CancellationToken.None);
        File.Delete(samples);
    }

    /// <summary>Names the file of a row.</summary>
    public static string PathOf(string folder, string subject, Row row) =>
        Path.Combine(Directory.CreateDirectory(folder).FullName, $"profile-{string.Concat(subject.Where(char.IsAsciiLetter))}-{row}.txt");
}
