namespace DisasterTolerance.Hypervisors;

/// <summary>What a provider can do, as data. Immutable.</summary>
public sealed record HypervisorCapabilities
{
    /// <summary>The best consistency a snapshot of a running machine can get.</summary>
    public required SnapshotConsistency BestConsistency { get; init; }

    /// <summary>Whether machines can really be started and stopped. If not, the power state is only recorded.</summary>
    public required bool ControlsPower { get; init; }

    /// <summary>Whether a snapshot outlives the process of the provider.</summary>
    public bool SnapshotsSurviveRestart { get; init; }

    /// <summary>Greatest length of a disk in bytes. Default: no limit.</summary>
    public long MaxDiskBytes { get; init; } = long.MaxValue;
}
