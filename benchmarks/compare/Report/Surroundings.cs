using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace DisasterTolerance.Compare.Report;

/// <summary>What a run was done on, and how exactly it could be measured.</summary>
internal sealed record Surroundings
{
    public required string Date { get; init; }

    public required string Machine { get; init; }

    public required string Runtime { get; init; }

    /// <summary>Median of an fsync of 4 KiB in the folder of the stores.</summary>
    public required double SyncMilliseconds { get; init; }

    /// <summary>What could not be measured as exactly as it should be; empty if nothing.</summary>
    public required IReadOnlyList<string> Limits { get; init; }

    public static Surroundings Read(string work)
    {
        var limits = new List<string>();
        using (var group = ControlGroup.TryCreate($"disaster-tolerance-compare-trial-{Environment.ProcessId}", out var why))
        {
            if (group is null)
            {
                limits.Add($"no control group ({why}): processor time is read from /proc, in hundredths of a second, and misses processes that nobody waited for");
            }
        }

        if (!PrivateNetwork.IsInside)
        {
            limits.Add("no network namespace: bytes on the wire are those of the computer's loopback interface, with other programs' in them");
        }

        return new Surroundings
        {
            Date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
            Machine = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {Cpu()}, Linux {Environment.OSVersion.Version}, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB"),
            Runtime = RuntimeInformation.FrameworkDescription,
            SyncMilliseconds = Sync(work),
            Limits = limits,
        };
    }

    private static string Cpu() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();

    private static double Sync(string folder)
    {
        var path = Path.Combine(folder, "sync");
        var times = new double[21];
        using (var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write))
        {
            for (var attempt = 0; attempt < times.Length; attempt++)
            {
                RandomAccess.Write(file, new byte[4096], attempt * 4096);
                var started = Stopwatch.GetTimestamp();
                RandomAccess.FlushToDisk(file);
                times[attempt] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
        }

        File.Delete(path);
        Array.Sort(times);
        return times[times.Length / 2];
    }
}
