using System.Text.Json;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>Writes and flushes of a guest. Immutable.</summary>
/// <param name="Count">How many.</param>
/// <param name="Took">The time that they took together.</param>
/// <param name="Over">The time in which they were counted.</param>
internal readonly record struct GuestWrites(double Count, TimeSpan Took, TimeSpan Over)
{
    private const double KeptShare = 0.7;

    /// <summary>How many per second; 0 if nothing was counted yet.</summary>
    public double PerSecond => Over > TimeSpan.Zero ? Count / Over.TotalSeconds : 0;

    /// <summary>How long one took on average.</summary>
    public TimeSpan Latency => Count > 0 ? Took / Count : TimeSpan.Zero;

    /// <summary>What lies between two readings of the counters.</summary>
    public static GuestWrites operator -(GuestWrites later, GuestWrites earlier) => new(later.Count - earlier.Count, later.Took - earlier.Took, later.Over - earlier.Over);

    /// <summary>Takes in what was seen last; what was seen before counts less each time.</summary>
    public GuestWrites With(GuestWrites seen) => new((Count * KeptShare) + seen.Count, (Took * KeptShare) + seen.Took, (Over * KeptShare) + seen.Over);

    /// <summary>Reads the answer of <c>query-blockstats</c>: all devices together.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="at">When it was asked for.</param>
    public static GuestWrites From(JsonElement answer, TimeSpan at)
    {
        var (count, nanoseconds) = (0L, 0L);
        foreach (var device in answer.EnumerateArray())
        {
            var stats = device.GetProperty("stats");
            count += stats.GetProperty("wr_operations").GetInt64() + stats.GetProperty("flush_operations").GetInt64();
            nanoseconds += stats.GetProperty("wr_total_time_ns").GetInt64() + stats.GetProperty("flush_total_time_ns").GetInt64();
        }

        return new(count, TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick), at);
    }
}
