using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using DisasterTolerance.Exports;
using DisasterTolerance.Nbd;

namespace DisasterTolerance.Benchmarks.Nbd;

/// <summary>
/// nbdcopy from our server against qemu-nbd over the same raw file, and from a recovery point against the floor of decoding it. One run, one after the other in every round; medians.
/// </summary>
internal static class NbdThroughput
{
    private const int Chunks = 8192;
    private const int Rounds = 11;

    /// <summary>Runs it in a folder, best one in memory.</summary>
    public static async Task RunAsync(string parent)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, $"nbd-{Environment.ProcessId}"));
        try
        {
            await MeasureAsync(folder.FullName);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    private static async Task MeasureAsync(string folder)
    {
        var (raw, ours, theirs) = (Path.Combine(folder, "raw"), Path.Combine(folder, "ours"), Path.Combine(folder, "theirs"));
        await using var stored = await StoredDisk.MakeAsync(Path.Combine(folder, "store"), raw, Chunks);
        await using var point = new PointDisk(stored.Store, stored.Point, stored.Disk);
        using var file = new RawFileExport(raw);
        await using var server = NbdServer.Start(new() { Listen = new UnixDomainSocketEndPoint(ours) });
        server.AddExport("raw", file);
        server.AddExport("point", point);
        using var qemu = Process.Start("qemu-nbd", ["-t", "-e", "16", "-r", "-f", "raw", "-k", theirs, raw]);
        try
        {
            while (!File.Exists(theirs))
            {
                await Task.Delay(20);
            }

            await TellAsync(
                [
                    ("qemu-nbd, raw file", () => CopyAsync("", theirs)),
                    ("our server, raw file", () => CopyAsync("raw", ours)),
                    ("our server, recovery point", () => CopyAsync("point", ours)),
                    ("decode floor", stored.DecodeAllAsync),
                ]);
        }
        finally
        {
            qemu.Kill();
            await qemu.WaitForExitAsync();
        }
    }

    private static async Task TellAsync((string Name, Func<Task> Run)[] subjects)
    {
        var times = subjects.Select(_ => new List<double>()).ToArray();
        for (var round = -1; round < Rounds; round++)
        {
            foreach (var (index, (_, run)) in subjects.Index())
            {
                var started = Stopwatch.GetTimestamp();
                await run();
                if (round >= 0)
                {
                    times[index].Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                }
            }
        }

        var bytes = (double)Chunks * 65_536;
        foreach (var (subject, of) in subjects.Zip(times))
        {
            Write($"{subject.Name,-28} {bytes / Median(of) / 1e6,8:0} MB/s  (median of {Rounds}, {bytes / of.Max() / 1e6:0} to {bytes / of.Min() / 1e6:0})");
        }

        Write($"raw file: {Ratio(times[0], times[1]):0.00} of qemu-nbd");
        Write($"point: {Ratio(times[3], times[2]):0.00} of the decode floor");
    }

    // Of the two that ran right after each other, so that what else the machine did meanwhile hits both.
    private static double Ratio(List<double> reference, List<double> ours) => Median([.. reference.Zip(ours, (theirs, own) => theirs / own)]);

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    private static async Task CopyAsync(string export, string socket)
    {
        using var copy = Process.Start("nbdcopy", [$"nbd+unix:///{export}?socket={socket}", "null:"]);
        await copy.WaitForExitAsync();
        if (copy.ExitCode != 0)
        {
            throw new InvalidOperationException($"nbdcopy ended with {copy.ExitCode}.");
        }
    }
}
