using DisasterTolerance.Catalog;

namespace DisasterTolerance.Scheduling;

/// <summary>When machines run, and in which order.</summary>
internal static class ScheduleRules
{
    /// <summary>The first run of a machine that joins a plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="paused">Whether runs are paused for the machine.</param>
    /// <param name="joined">When the machine joined.</param>
    /// <returns>Null if no runs are scheduled.</returns>
    public static DateTimeOffset? First(PlanRow plan, bool paused, DateTimeOffset joined) => Scheduled(plan, paused) ? joined + plan.Interval : null;

    /// <summary>The next run after one has started, on schedule or on demand.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="paused">Whether runs are paused for the machine.</param>
    /// <param name="started">When the run started.</param>
    /// <returns>Null if no runs are scheduled.</returns>
    public static DateTimeOffset? AfterStart(PlanRow plan, bool paused, DateTimeOffset started) => Scheduled(plan, paused) ? started + plan.Interval : null;

    /// <summary>
    /// The next run after the interval, the plan's switch or the machine's pause changed, after a change of owner, or after the site was down: one interval after the last start, at once if that is
    /// past (one run, however many were missed), and never later than one interval from now, so that a clock that was set back does not stop protection.
    /// </summary>
    /// <param name="plan">The plan after the change.</param>
    /// <param name="machine">The machine after the change.</param>
    /// <param name="now">The time.</param>
    /// <returns>Null if no runs are scheduled.</returns>
    public static DateTimeOffset? Reanchored(PlanRow plan, MachineRow machine, DateTimeOffset now)
    {
        if (!Scheduled(plan, machine.Paused) || machine.Removed is not null)
        {
            return null;
        }

        var next = (machine.LastRunStarted ?? machine.Created) + plan.Interval;
        return next < now ? now : next > now + plan.Interval ? now + plan.Interval : next;
    }

    /// <summary>Whether a machine is due.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="now">The time.</param>
    public static bool IsDue(MachineRow machine, DateTimeOffset now) => machine.Removed is null && machine.NextRun <= now;

    /// <summary>Orders machines: the one that is due longest first, then by priority; a machine without a next run comes last.</summary>
    /// <param name="machines">The machines.</param>
    public static IReadOnlyList<MachineRow> InOrder(IEnumerable<MachineRow> machines) =>
        [.. machines.OrderBy(machine => machine.NextRun ?? DateTimeOffset.MaxValue).ThenBy(machine => machine.Priority).ThenBy(machine => machine.Uuid)];

    private static bool Scheduled(PlanRow plan, bool paused) => plan.Enabled && plan.Deleted is null && !paused;
}
