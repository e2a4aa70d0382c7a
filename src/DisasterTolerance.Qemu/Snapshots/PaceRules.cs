using System.Text.Json;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>Writes of a guest, and the time that they took together. Immutable.</summary>
internal readonly record struct GuestWrites(long Count, TimeSpan Took)
{
    public static GuestWrites operator -(GuestWrites later, GuestWrites earlier) => new(later.Count - earlier.Count, later.Took - earlier.Took);

    /// <summary>Reads the answer of <c>query-blockstats</c>: writes and flushes of all devices.</summary>
    public static GuestWrites From(JsonElement answer)
    {
        var (count, nanoseconds) = (0L, 0L);
        foreach (var device in answer.EnumerateArray())
        {
            var stats = device.GetProperty("stats");
            count += stats.GetProperty("wr_operations").GetInt64() + stats.GetProperty("flush_operations").GetInt64();
            nanoseconds += stats.GetProperty("wr_total_time_ns").GetInt64() + stats.GetProperty("flush_total_time_ns").GetInt64();
        }

        return new(count, TimeSpan.FromTicks(nanoseconds / TimeSpan.NanosecondsPerTick));
    }
}

/// <summary>How the pause between reads follows the guest's writes. Pure: doubles above the target, shrinks by a quarter below it.</summary>
internal static class PaceRules
{
    /// <summary>The first pause per megabyte that is read, and the greatest: at 1 MiB/s a capture still ends.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1);

    public static TimeSpan Next(TimeSpan pausePerMegabyte, GuestWrites since, TimeSpan target)
    {
        if (since.Count > 0 && since.Took > target * since.Count)
        {
            var longer = pausePerMegabyte < Least ? Least : pausePerMegabyte * 2;
            return longer < Most ? longer : Most;
        }

        var shorter = pausePerMegabyte * 0.75;
        return shorter < Least ? TimeSpan.Zero : shorter;
    }
}
