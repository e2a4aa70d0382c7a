using System.Diagnostics;
using System.Runtime.Versioning;
using DisasterTolerance.Plans;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Benchmarks.Qemu;

/// <summary>
/// How much slower a guest writes while its disks are captured for the first time. The guest writes 4 KiB blocks without pause, each one durable before the next. Captures and pauses of the same length take
/// turns; shown are medians over the rounds.
/// </summary>
[SupportedOSPlatform("linux")]
internal static class SlowdownCommand
{
    private const long FilledBytes = 1L << 30;
    private const int Rounds = 5;

    public static async Task RunAsync()
    {
        await using var guest = BenchmarkGuest.Create("mode=latency disk=vdb", FilledBytes, FilledBytes, 64 << 20);
        await guest.Open().StartAsync(guest.Machine, null, CancellationToken.None);
        await guest.WaitAsync("latency ");
        await Task.Delay(TimeSpan.FromSeconds(5));
        Console.WriteLine($"A guest under TCG writes without pause while {FilledBytes >> 20} MiB of random data are captured; {Rounds} rounds, medians.");
        Console.WriteLine("slowdown target | writes/s without | writes/s with | slowdown | capture, s");
        foreach (var target in new[] { 0, new DisasterTolerance.Qemu.QemuOptions { Path = "." }.WriteSlowdownTarget, 0.1 })
        {
            List<Round> rounds = [];
            for (var i = 0; i < Rounds; i++)
            {
                rounds.Add(await RoundAsync(guest, target));
            }

            var (without, with) = (Medians.Of(rounds.Select(round => round.Without)), Medians.Of(rounds.Select(round => round.With)));
            Console.WriteLine($"{(target == 0 ? "off" : $"{target:P0}"),15} | {without,16:F0} | {with,13:F0} | {Medians.Of(rounds.Select(round => 1 - (round.With / round.Without))),8:P0} | {Medians.Of(rounds.Select(round => round.Seconds)),10:F1}");
        }
    }

    private static async Task<Round> RoundAsync(BenchmarkGuest guest, double target)
    {
        var data = Directory.CreateTempSubdirectory("dtb").FullName;
        try
        {
            var services = new ServiceCollection();
            var (here, there) = (Guid.NewGuid(), Guid.NewGuid());
            services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (here, "north", data))
                .AddSqliteCatalog()
                .AddHypervisor("hci", _ => guest.Open(target))
                .AddPeer(new() { Uuid = there, Name = "south", Endpoint = "127.0.0.1:9", PublicKey = new string('a', 64) });
            await using var provider = services.BuildServiceProvider();
            await provider.GetRequiredService<IDisasterToleranceSite>().StartAsync();
            var plan = await provider.GetRequiredService<IPlanManager>().AddAsync(new PlanSpecification
            {
                Name = "slowdown", Master = here, Slave = there, Type = "hci", Interval = TimeSpan.FromHours(1), Rpo = TimeSpan.FromHours(2), ReserveCount = 5, Machines = [new() { MasterUuid = guest.Machine }],
            });
            var run = provider.GetRequiredService<IReplicationEngine>();
            var counter = new WriteCounter(guest);
            await counter.BeginAsync();
            var began = Stopwatch.GetTimestamp();
            try
            {
                await run.RunAsync(new(plan.Machines[0].Uuid, "benchmark"));
            }
            catch (DisasterToleranceException e) when (e.Code == ErrorCode.NoLink)
            {
                // The capture is done and durable; there is nowhere to ship it to, and shipping is not what is measured.
            }

            var took = Stopwatch.GetElapsedTime(began);
            var with = await counter.PerSecondAsync();
            await counter.BeginAsync();
            await Task.Delay(took);
            var without = await counter.PerSecondAsync();
            return new(without, with, took.TotalSeconds);
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private sealed record Round(double Without, double With, double Seconds);

    /// <summary>Counts the guest's writes between two of its lines, which come every second: begins with a new one and ends with the next one.</summary>
    private sealed class WriteCounter(BenchmarkGuest guest)
    {
        private long _total;
        private long _began;

        public async Task BeginAsync() => (_total, _began) = await NextAsync();

        public async Task<double> PerSecondAsync()
        {
            var (total, at) = await NextAsync();
            return (total - _total) / Stopwatch.GetElapsedTime(_began, at).TotalSeconds;
        }

        private async Task<(long Total, long At)> NextAsync()
        {
            var last = guest.Last("latency ", "total");
            long now;
            while ((now = guest.Last("latency ", "total")) == last)
            {
                await Task.Delay(5);
            }

            return (now, Stopwatch.GetTimestamp());
        }
    }
}
