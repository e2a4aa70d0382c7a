using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace DisasterTolerance.Hypervisors;

/// <summary>What snapshot to take.</summary>
/// <param name="Machine">The machine's uuid on this site.</param>
/// <param name="Id">The engine's id for it, unique per machine: 1 to 64 characters of <c>a-z 0-9 -</c>. Taking it again returns the same snapshot.</param>
/// <param name="Consistency">The consistency wished for.</param>
/// <param name="FreezeTimeout">How long a guest may stay frozen at most.</param>
public sealed record SnapshotRequest(Guid Machine, string Id, SnapshotConsistency Consistency, TimeSpan FreezeTimeout)
{
    private static readonly SearchValues<char> IdCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>
    /// The plan that the snapshot is taken for. A provider with named change trackers keeps one per plan, so that it knows its own from those of others. Default: all zeros, for callers without plans.
    /// </summary>
    public Guid Plan { get; init; }

    /// <summary>Whether a text keeps the rule for snapshot ids, so that it is safe as part of a file name.</summary>
    /// <param name="id">Any text.</param>
    public static bool IsValidId([NotNullWhen(true)] string? id) => id is { Length: >= 1 and <= 64 } && !id.AsSpan().ContainsAnyExcept(IdCharacters);
}

/// <summary>How consistent the content of a snapshot is; a greater number is better.</summary>
public enum SnapshotConsistency
{
    /// <summary>Not from one instant: the disk changed while it was read.</summary>
    Fuzzy = 0,
    /// <summary>As after pulling the plug.</summary>
    Crash = 1,
    /// <summary>The guest's file systems or applications were quiet.</summary>
    Application = 2,
    /// <summary>The machine was off.</summary>
    PoweredOff = 3,
}

/// <summary>Whether all reads of a snapshot came from one instant.</summary>
public enum SnapshotStability
{
    /// <summary>They did, for certain.</summary>
    Stable = 0,
    /// <summary>They did as far as can be seen; nothing forbade a change.</summary>
    Unwatched = 1,
    /// <summary>They did not: something changed.</summary>
    Changed = 2,
}

/// <summary>What became of a snapshot.</summary>
public enum SnapshotOutcome
{
    /// <summary>No recovery point was made of it: a change tracker takes its map back.</summary>
    Abandoned = 0,
    /// <summary>A recovery point holds its content: a change tracker may forget what came before.</summary>
    Captured = 1,
}

/// <summary>How a machine went off.</summary>
public enum ShutdownResult
{
    /// <summary>It was off before.</summary>
    WasOff = 0,
    /// <summary>The guest shut down in order.</summary>
    Graceful = 1,
    /// <summary>It was switched off hard.</summary>
    Forced = 2,
}
