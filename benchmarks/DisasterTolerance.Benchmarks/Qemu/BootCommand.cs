using System.Diagnostics;
using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Benchmarks.Qemu;

/// <summary>
/// How long a failover takes until the guest is up, by the size of the disk: instant boot from a point, with the source lost. Beside it the start of the same machine by QEMU alone. Sizes take turns; medians.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class BootCommand
{
    private const long Gibibyte = 1L << 30;
    private const int Rounds = 5;

    private static readonly long[] Sizes = [Gibibyte, 200 * Gibibyte];

    public static async Task RunAsync()
    {
        Console.WriteLine($"Failover of a guest under TCG by instant boot; 64 MiB of data on a sparse disk; {Rounds} rounds in turns, medians.");
        var rounds = Sizes.ToDictionary(size => size, _ => new List<Round>());
        for (var i = 0; i < Rounds; i++)
        {
            foreach (var size in Sizes)
            {
                rounds[size].Add(await RoundAsync(size));
            }
        }

        Console.WriteLine("disk, GiB | call to started, ms | QEMU's own start, ms | difference, ms | call to guest up, s");
        foreach (var (size, seen) in rounds)
        {
            Console.WriteLine(
                $"{size / Gibibyte,9} | {Medians.Of(seen.Select(r => r.Started)),19:F0} | {Medians.Of(seen.Select(r => r.Own)),20:F0} | {Medians.Of(seen.Select(r => r.Started - r.Own)),14:F0} | {Medians.Of(seen.Select(r => r.Up)) / 1000,19:F2}");
        }

        var ratio = Medians.Of(rounds[Sizes[1]].Select(r => r.Up)) / Medians.Of(rounds[Sizes[0]].Select(r => r.Up));
        Console.WriteLine($"Guest up, {Sizes[1] / Gibibyte} GiB to {Sizes[0] / Gibibyte} GiB: {ratio:F3}");
    }

    private static async Task<Round> RoundAsync(long size)
    {
        await using var guest = BenchmarkGuest.Create("mode=idle", 0, size);
        using (var disk = File.OpenWrite(guest.DiskPath))
        {
            var data = new byte[64 << 20];
            new Random(1).NextBytes(data);
            disk.Seek(Gibibyte / 2, SeekOrigin.Begin);
            disk.Write(data);
        }

        await guest.Open().StartAsync(guest.Machine, null, CancellationToken.None);
        await guest.WaitAsync("alive");
        await using var sites = await BenchmarkSites.StartAsync(guest);
        var machine = await sites.ShipAsync(guest);
        await sites.LoseNorthAsync();
        await guest.Open().ShutDownAsync(guest.Machine, TimeSpan.Zero, CancellationToken.None);

        var began = Stopwatch.GetTimestamp();
        await guest.Open().StartAsync(guest.Machine, null, CancellationToken.None);
        var own = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        await guest.Open().ShutDownAsync(guest.Machine, TimeSpan.Zero, CancellationToken.None);

        began = Stopwatch.GetTimestamp();
        var report = await sites.South.GetRequiredService<IRecoveryService>().RecoverAsync(new() { Machine = machine.Uuid, InstantBoot = true, Actor = "benchmark" });
        var started = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        var console = sites.SerialLogOf(report.SiteMachine);
        while (!File.Exists(console) || !BenchmarkGuest.Read(console).Any(line => line.StartsWith("up ", StringComparison.Ordinal)))
        {
            await Task.Delay(5);
        }

        return new(started, own, Stopwatch.GetElapsedTime(began).TotalMilliseconds);
    }

    private sealed record Round(double Started, double Own, double Up);
}
