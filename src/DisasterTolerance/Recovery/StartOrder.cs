using DisasterTolerance.Catalog;

namespace DisasterTolerance.Recovery;

/// <summary>Machines that are started together. Immutable.</summary>
/// <param name="Priority">Their priority.</param>
/// <param name="Machines">The machines, by name.</param>
internal sealed record StartLevel(RecoveryPriority Priority, IReadOnlyList<MachineRow> Machines);

/// <summary>How far the start of one machine is.</summary>
internal enum StartProgress
{
    /// <summary>Not up yet.</summary>
    Starting = 0,
    /// <summary>Up.</summary>
    Up = 1,
    /// <summary>It will not come up.</summary>
    Failed = 2,
}

/// <summary>In which order machines are started.</summary>
internal static class StartOrder
{
    /// <summary>The levels, high before middle before low; empty ones are left out.</summary>
    /// <param name="machines">The machines.</param>
    public static IReadOnlyList<StartLevel> Levels(IEnumerable<MachineRow> machines) =>
    [
        .. machines
            .GroupBy(machine => machine.Priority)
            .OrderBy(level => level.Key)
            .Select(level => new StartLevel(level.Key, [.. level.OrderBy(machine => machine.Name, StringComparer.Ordinal).ThenBy(machine => machine.Uuid)])),
    ];

    /// <summary>Whether the level after one may start: all of it is up or failed, or its time is over.</summary>
    /// <param name="level">How far its machines are.</param>
    /// <param name="started">When the level was started.</param>
    /// <param name="now">The time.</param>
    /// <param name="limit">How long a level may take.</param>
    public static bool IsSettled(IEnumerable<StartProgress> level, DateTimeOffset started, DateTimeOffset now, TimeSpan limit) =>
        now - started >= limit || level.All(progress => progress != StartProgress.Starting);
}
