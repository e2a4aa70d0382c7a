using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>What an <see cref="InMemoryHypervisor"/> is like. Read once, when it is made.</summary>
public sealed class InMemoryHypervisorOptions
{
    /// <summary>The names of its hosts. Default: <c>host1</c> and <c>host2</c>.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = ["host1", "host2"];

    /// <summary>Whether snapshots carry change tokens. If not, every question for changes is answered with "unknown". Default: true.</summary>
    public bool TracksChanges { get; init; } = true;

    /// <summary>How extents name what was never written. <see cref="ExtentKind.Data"/> plays a provider that cannot tell. Default: unallocated.</summary>
    public ExtentKind HoleKind { get; init; } = ExtentKind.Unallocated;

    /// <summary>The best consistency for a running machine. Default: application.</summary>
    public SnapshotConsistency BestConsistency { get; init; } = SnapshotConsistency.Application;

    /// <summary>
    /// How a disk on a network block device is reached, for <see cref="InstantInMemoryHypervisor"/>: by its address, or null while nobody serves it. The hypervisor waits for each call in place, so the disk
    /// answers at once. Default: nothing is served.
    /// </summary>
    public Func<Uri, ITargetDisk?> FindExport { get; init; } = _ => null;

    /// <summary>How many bytes of a disk are pulled from its export in one go, positive. Default 64 KiB.</summary>
    public int PullBytes { get; init; } = 65_536;

    /// <summary>How long a machine takes to pull so many bytes, by the hypervisor's clock. Default zero.</summary>
    public TimeSpan PullTime { get; init; }

    /// <summary>Greatest length of a disk in bytes. Default: no limit.</summary>
    public long MaxDiskBytes { get; init; } = long.MaxValue;
}

/// <summary>How the change tracker of an <see cref="InMemoryHypervisor"/> answers for a machine.</summary>
public enum TrackerBehavior
{
    /// <summary>Truthfully.</summary>
    Exact = 0,
    /// <summary>"Unknown", always.</summary>
    Unknown = 1,
    /// <summary>It lies: nothing changed. An engine cannot notice at once, but its verification must.</summary>
    Silent = 2,
    /// <summary>All of the disk changed: allowed, only costly.</summary>
    Everything = 3,
    /// <summary>The question fails with a transient error.</summary>
    Failing = 4,
}

/// <summary>A machine was started. Immutable.</summary>
/// <param name="Machine">The machine's uuid on the hypervisor's site.</param>
/// <param name="Host">The host asked for, or null.</param>
/// <param name="At">When, by the hypervisor's clock.</param>
public sealed record MachineStart(Guid Machine, string? Host, DateTimeOffset At);
