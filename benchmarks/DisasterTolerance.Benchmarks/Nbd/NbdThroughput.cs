using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using DisasterTolerance.Exports;
using DisasterTolerance.Nbd;

namespace DisasterTolerance.Benchmarks.Nbd;

/// <summary>
/// nbdcopy from our server against qemu-nbd over the same raw file, and from a recovery point against floors of decoding it: on all cores, on one, and on all while qemu-nbd hands as many bytes to nbdcopy, since a
/// server shares the cores with its client. One run, one after the other in every round; medians.
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

            using var own = Process.GetCurrentProcess();
            await TellAsync(
                [
                    new("qemu-nbd, raw file", qemu, () => CopyAsync("", theirs)),
                    new("our server, raw file", own, () => CopyAsync("raw", ours)),
                    new("our server, recovery point", own, () => CopyAsync("point", ours)),
                    new("decode floor, all cores", own, () => stored.DecodeAllAsync(Environment.ProcessorCount)),
                    new("decode floor, one core", own, () => stored.DecodeAllAsync(1)),
                    new("decode floor, with transfer", own, () => Task.WhenAll(stored.DecodeAllAsync(Environment.ProcessorCount), CopyAsync("", theirs))),
                ]);
        }
        finally
        {
            qemu.Kill();
            await qemu.WaitForExitAsync();
        }
    }

    private static async Task TellAsync(Subject[] subjects)
    {
        for (var round = -1; round < Rounds; round++)
        {
            foreach (var subject in subjects)
            {
                await subject.RunAsync(isCounted: round >= 0);
            }
        }

        var bytes = (double)Chunks * 65_536;
        foreach (var subject in subjects)
        {
            var times = subject.Seconds;
            var (served, copied) = (Medians.Of(subject.ProcessorSeconds) * 1e9 / bytes, Medians.Of(subject.CopySeconds) * 1e9 / bytes);
            Write($"{subject.Name,-28} {bytes / Medians.Of(times) / 1e6,6:0} MB/s (median of {Rounds}, {bytes / times.Max() / 1e6:0} to {bytes / times.Min() / 1e6:0}); processor seconds per GB: {served:0.00}, nbdcopy {copied:0.00}");
        }

        Write($"raw file: {Ratio(subjects[0], subjects[1]):0.00} of qemu-nbd");
        foreach (var floor in subjects[3..])
        {
            Write($"point: {Ratio(floor, subjects[2]):0.00} of the {floor.Name}");
        }
    }

    // Of the two that ran right after each other, so that what else the machine did meanwhile hits both.
    private static double Ratio(Subject reference, Subject ours) => Medians.Of(reference.Seconds.Zip(ours.Seconds, (theirs, own) => theirs / own));

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

    private sealed record Subject(string Name, Process Server, Func<Task> Run)
    {
        public List<double> Seconds { get; } = [];

        public List<double> ProcessorSeconds { get; } = [];

        public List<double> CopySeconds { get; } = [];

        public async Task RunAsync(bool isCounted)
        {
            Server.Refresh();
            var (started, processor, ended) = (Stopwatch.GetTimestamp(), Server.TotalProcessorTime, OfEndedChildren());
            await Run();
            if (isCounted)
            {
                Seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
                Server.Refresh();
                ProcessorSeconds.Add((Server.TotalProcessorTime - processor).TotalSeconds);
                CopySeconds.Add(OfEndedChildren() - ended);
            }
        }

        // Fields 16 and 17, counted behind the name, in hundredths of a second.
        private static double OfEndedChildren()
        {
            var fields = File.ReadAllText("/proc/self/stat").Split(") ")[^1].Split(' ');
            return (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / 100.0;
        }
    }
}
