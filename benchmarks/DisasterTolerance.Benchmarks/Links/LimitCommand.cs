using System.Diagnostics;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Benchmarks.Links;

/// <summary>
/// Whether the limit of a link holds over the real transport: the worst ten seconds, how soon a change takes effect, and what limiting costs beside sending at the same rate without a limit.
/// </summary>
internal static class LimitCommand
{
    private const long Megabyte = 1_000_000;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(18);

    /// <summary>The windows and the changes; about two and a half minutes.</summary>
    public static async Task RunAsync()
    {
        Console.WriteLine("limit MB/s  sessions  mean MB/s  worst 10 s");
        foreach (var megabytes in (long[])[1, 10, 100])
        {
            foreach (var sessions in (int[])[1, 8])
            {
                await WindowsAsync(megabytes, sessions);
            }
        }

        Console.WriteLine();
        Console.WriteLine("from MB/s  to MB/s  sessions  in effect after ms");
        foreach (var (from, to) in ((long, long)[])[(100, 10), (10, 100), (100, 1), (1, 100)])
        {
            await ChangeAsync(from, to, 1);
            await ChangeAsync(from, to, 8);
        }
    }

    /// <summary>What limiting costs; about a minute.</summary>
    public static async Task RunCostAsync()
    {
        Console.WriteLine("MB/s  sessions  limited: % of a core  without a limit: % of a core  (medians of three, in turns)");
        foreach (var (megabytes, sessions) in ((long, int)[])[(1, 1), (10, 1), (100, 1), (100, 8)])
        {
            List<double> limited = [], free = [];
            for (var round = 0; round < 3; round++)
            {
                limited.Add(await CoreShareAsync(sessions, megabytes * Megabyte, 0));
                free.Add(await CoreShareAsync(sessions, LinkRateLimiter.Unlimited, megabytes * Megabyte / sessions));
            }

            Console.WriteLine($"{megabytes,4}  {sessions,8}  {Medians.Of(limited),21:f2}  {Medians.Of(free),29:f2}");
        }
    }

    private static async Task WindowsAsync(long megabytes, int sessions)
    {
        await using var running = await LimitedSessions.StartAsync(sessions, megabytes * Megabyte);
        await Task.Delay(TimeSpan.FromSeconds(1));
        var samples = new List<(TimeSpan At, long Bytes)>();
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Measured)
        {
            samples.Add((watch.Elapsed, running.BytesReceived));
            await Task.Delay(Step);
        }

        var worst = 0.0;
        for (var (from, to) = (0, 0); from < samples.Count; from++)
        {
            while (to < samples.Count && samples[to].At - samples[from].At < Window)
            {
                to++;
            }

            if (to == samples.Count)
            {
                break;
            }

            var share = Rate(samples[from], samples[to]) / (megabytes * Megabyte);
            worst = Math.Abs(share - 1) > Math.Abs(worst) ? share - 1 : worst;
        }

        Console.WriteLine($"{megabytes,10}  {sessions,8}  {Rate(samples[0], samples[^1]) / Megabyte,9:f3}  {worst,10:+0.00%;-0.00%}");
    }

    // In effect from the first of the steps on after which half a second brings what the new limit allows, to a tenth.
    private static async Task ChangeAsync(long from, long to, int sessions)
    {
        await using var running = await LimitedSessions.StartAsync(sessions, from * Megabyte);
        await Task.Delay(TimeSpan.FromSeconds(1));
        var samples = new List<(TimeSpan At, long Bytes)>();
        var watch = Stopwatch.StartNew();
        running.Limiter.SetLimit(to * Megabyte);
        while (watch.Elapsed < TimeSpan.FromSeconds(3))
        {
            samples.Add((watch.Elapsed, running.BytesReceived));
            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        var effect = samples
            .Select(begin => (begin.At, End: samples.FirstOrDefault(end => end.At - begin.At >= TimeSpan.FromMilliseconds(500)), begin))
            .Where(span => span.End.At > TimeSpan.Zero)
            .FirstOrDefault(span => Math.Abs((Rate(span.begin, span.End) / (to * Megabyte)) - 1) < 0.1);
        Console.WriteLine($"{from,9}  {to,7}  {sessions,8}  {(effect.End.At == default ? "never" : effect.At.TotalMilliseconds.ToString("f0", null)),18}");
    }

    private static async Task<double> CoreShareAsync(int sessions, long limit, long ownPace)
    {
        await using var running = await LimitedSessions.StartAsync(sessions, limit, ownPace);
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        using var process = Process.GetCurrentProcess();
        var (watch, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        await Task.Delay(TimeSpan.FromSeconds(4));
        process.Refresh();
        return (process.TotalProcessorTime - before) / watch.Elapsed * 100;
    }

    private static double Rate((TimeSpan At, long Bytes) from, (TimeSpan At, long Bytes) to) => (to.Bytes - from.Bytes) / (to.At - from.At).TotalSeconds;
}
