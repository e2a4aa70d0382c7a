using System.Diagnostics;
using System.Globalization;
using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Benchmarks.Qemu;

/// <summary>
/// How old the newest point at the other site ever gets while a guest writes about 1 MB/s to a tracked disk and runs are due every five seconds, and what that costs. Both sites are this process, so that a site costs half of what
/// it uses; QEMU, with the guest, is another one.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class RpoCommand
{
    private const int FileBytes = 64 << 10;
    private const long DiskBytes = 4L << 30;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public static async Task RunAsync(TimeSpan length)
    {
        await using var guest = BenchmarkGuest.Create($"mode=write kib={FileBytes >> 10} pause=50", 0, DiskBytes);
        await guest.Open().StartAsync(guest.Machine, null, CancellationToken.None);
        await guest.WaitAsync("wrote 10 ");
        await using var sites = await BenchmarkSites.StartAsync(guest);
        var machine = await sites.ProtectAsync(guest, Interval);
        var state = sites.South.GetRequiredService<IStateReader>();
        while (await NewestAsync(state, machine.Uuid) is null)
        {
            await Task.Delay(Look);
        }

        using var process = Process.GetCurrentProcess();
        process.Refresh();
        var (began, processor, files) = (Stopwatch.GetTimestamp(), process.TotalProcessorTime, Files(guest));
        List<double> ages = [];
        HashSet<DateTimeOffset> points = [];
        while (Stopwatch.GetElapsedTime(began) < length)
        {
            var newest = (await NewestAsync(state, machine.Uuid))!.Value;
            points.Add(newest);
            ages.Add((TimeProvider.System.GetUtcNow() - newest).TotalSeconds);
            await Task.Delay(Look);
        }

        process.Refresh();
        var took = Stopwatch.GetElapsedTime(began);
        var core = (process.TotalProcessorTime - processor) / took / 2;
        var written = (Files(guest) - files) * (double)FileBytes / took.TotalSeconds / 1e6;
        ages.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{took.TotalMinutes:0.0} min, {written:0.00} MB/s of files, {points.Count} points at the other site; age of the newest: median {Medians.Of(ages):0.0} s, 99 % {ages[(int)(ages.Count * 0.99)]:0.0} s, most {ages[^1]:0.0} s; processor per site: {core:P1} of a core"));
    }

    private static async Task<DateTimeOffset?> NewestAsync(IStateReader south, Guid machine) => (await south.FindMachineAsync(machine))?.Machine.Own.LastPointBegan;

    private static long Files(BenchmarkGuest guest) => long.Parse(guest.Said().Last(line => line.StartsWith("wrote ", StringComparison.Ordinal)).Split(' ')[1], CultureInfo.InvariantCulture);
}
