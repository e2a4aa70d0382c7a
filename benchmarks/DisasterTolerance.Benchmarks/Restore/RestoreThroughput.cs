using System.Diagnostics;
using System.Globalization;
using DisasterTolerance.Benchmarks.Nbd;

namespace DisasterTolerance.Benchmarks.Restore;

/// <summary>Restores of one disk, whole and where an image is there already, against the composed loop of the same primitives. One run, one after the other in every round; medians.</summary>
internal static class RestoreThroughput
{
    // Every twelfth chunk differs: 8 %.
    private const int ChangeEvery = 12;

    /// <summary>Runs it in a folder, best one in memory.</summary>
    public static async Task RunAsync(string parent, int chunks, int rounds)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"restore-{Environment.ProcessId}"));
        try
        {
            await MeasureAsync(folder.FullName, chunks, rounds);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    private static async Task MeasureAsync(string folder, int chunks, int rounds)
    {
        var (raw, store) = (Path.Combine(folder, "raw"), Path.Combine(folder, "store"));
        var content = RealContent.Load(RealContent.DefaultFolder);
        await using var stored = await StoredDisk.MakeAsync(store, raw, chunks, content.Fill);
        var floor = await ComposedRestore.PlanAsync(stored, store, Path.Combine(folder, "composed"));
        var disk = new RestoredDisk(stored, Path.Combine(folder, "restored"));
        Dictionary<string, List<double>> seconds = [];
        Dictionary<string, List<double>> processor = [];
        long allocated = 0;
        for (var round = -1; round < rounds; round++)
        {
            await TimeAsync("composed loop", floor.RunAsync);
            await TimeAsync("restore, new image", disk.RestoreNewAsync);
            Demand(round >= 0 || await disk.IsSameAsync(raw));
            await TimeAsync("restore, 8 % differ", () =>
            {
                disk.Change(ChangeEvery);
                return disk.RestoreDifferenceAsync();
            });
            Demand(round >= 0 || await disk.IsSameAsync(raw));

            async Task TimeAsync(string name, Func<Task> work)
            {
                var (before, used, started) = (GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
                await work();
                if (round >= 0)
                {
                    Add(seconds, name, Stopwatch.GetElapsedTime(started).TotalSeconds);
                    Add(processor, name, (Environment.CpuUsage.TotalTime - used).TotalSeconds);
                    allocated = GC.GetTotalAllocatedBytes() - before;
                }
            }
        }

        var bytes = chunks * 65_536.0;
        foreach (var (name, times) in seconds)
        {
            Write($"{name,-22} {Medians.Of(times),6:0.000} s, {bytes / Medians.Of(times) / 1e6,6:0} MB/s (median of {rounds}, {times.Min():0.000} to {times.Max():0.000}); processor seconds {Medians.Of(processor[name]):0.00}");
        }

        Write($"new image: {Medians.Of(seconds["restore, new image"].Zip(seconds["composed loop"], (ours, floor) => ours / floor)):0.00} of the composed loop");
        Write($"allocated by the last restore: {allocated / (double)chunks:0} bytes per chunk");
    }

    private static void Add(Dictionary<string, List<double>> results, string name, double value) => (results.TryGetValue(name, out var list) ? list : results[name] = []).Add(value);

    private static void Demand(bool isSame)
    {
        if (!isSame)
        {
            throw new InvalidDataException("The restored image differs from the disk.");
        }
    }

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
