using System.Diagnostics;
using DisasterTolerance.Simulation.World;

namespace DisasterTolerance.Simulation.Command;

/// <summary>Runs episodes in processes of their own, each with one thread: that is how more than one processor is used.</summary>
internal static class Children
{
    /// <summary>Runs all of it; the worst exit code of the children.</summary>
    public static int Run(CommandLine line)
    {
        var jobs = Math.Min(line.Jobs, line.Episodes);
        var share = line.Episodes / jobs;
        var children = Enumerable.Range(0, jobs).Select(job => Start(line, line.Seed + (job * share), job == jobs - 1 ? line.Episodes - (job * share) : share)).ToList();
        var worst = 0;
        foreach (var child in children)
        {
            child.WaitForExit();
            worst = Math.Max(worst, child.ExitCode);
            child.Dispose();
        }

        return worst;
    }

    /// <summary>Starts one child whose output is the caller's own, or is kept.</summary>
    public static Process Start(CommandLine line, int seed, int episodes, bool keepsOutput = false)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, line.ToArguments(seed, episodes)) { UseShellExecute = false, RedirectStandardOutput = keepsOutput };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Insert(0, typeof(Children).Assembly.Location);
        }

        start.Environment[OneThread.Environment.Name] = OneThread.Environment.Value;
        return Process.Start(start) ?? throw new InvalidOperationException("The simulation could not be started.");
    }
}
