namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>What a capture may cost the guest. Immutable.</summary>
/// <param name="Latency">The mean time of a write while a disk is read; zero for no bound.</param>
/// <param name="Slowdown">The share of its writes per second that a guest may lose over the length of a capture; zero for no bound.</param>
internal readonly record struct PaceTargets(TimeSpan Latency, double Slowdown)
{
    public bool AreOff => Latency == TimeSpan.Zero && Slowdown == 0;
}

/// <summary>
/// How long reading rests after each time of work. The guest runs free in a rest, so comparing the two tells what reading costs it now, whatever it does and whatever is short: disk or processor. Pure.
/// </summary>
internal static class PaceRules
{
    // Fewer writes than this tell nothing about a rate.
    private const double Few = 20;

    // A capture always gets at least a tenth of the time.
    private const double Most = 9;

    /// <summary>The rest that follows.</summary>
    /// <param name="work">The time for which reading went on without a rest.</param>
    /// <param name="working">What the guest wrote while disks were read.</param>
    /// <param name="resting">What it wrote in the rests before.</param>
    /// <param name="targets">What may be taken from it.</param>
    public static TimeSpan Rest(TimeSpan work, GuestWrites working, GuestWrites resting, PaceTargets targets) =>
        work * Math.Min(Most, Math.Max(ForSlowdown(working, resting, targets.Slowdown), ForLatency(working, targets.Latency)));

    // Reading for W and resting for R costs the share s·W/(W+R) of the writes, if reading alone costs s.
    private static double ForSlowdown(GuestWrites working, GuestWrites resting, double target)
    {
        if (target == 0)
        {
            return 0;
        }

        if (resting.Over == TimeSpan.Zero)
        {
            return 0.5;
        }

        if (working.Count + resting.Count < Few)
        {
            // Who writes this little is asked again, who writes nothing is not.
            return working.Count + resting.Count < 1 ? 0 : 0.1;
        }

        var cost = 1 - (working.PerSecond / Math.Max(resting.PerSecond, double.Epsilon));
        return Math.Max(0.1, (cost / target) - 1);
    }

    private static double ForLatency(GuestWrites working, TimeSpan target) =>
        target == TimeSpan.Zero ? 0 : Math.Max(0, (working.Latency / target) - 1);
}
