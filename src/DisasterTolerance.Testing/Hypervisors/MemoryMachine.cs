using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>A machine and its snapshots. Guarded by the hypervisor's lock.</summary>
internal sealed class MemoryMachine(Guid uuid, MachineDefinition definition)
{
    public Guid Uuid { get; } = uuid;

    public MachineDefinition Definition { get; set; } = definition;

    public List<MemoryDisk> Disks { get; set; } = [];

    /// <summary>Where the newest data of disks lie that are not the machine's own yet, by disk id.</summary>
    public Dictionary<string, Uri> Exports { get; } = new(StringComparer.Ordinal);

    /// <summary>The pull that goes on, and the disk that it is at: what the guest writes there goes to both places. A new pull ends the one before.</summary>
    public (object Pull, string Disk)? Mirror { get; set; }

    public PowerState Power { get; set; } = PowerState.Off;

    public TrackerBehavior Tracker { get; set; }

    public TimeSpan GuestShutdownTime { get; set; }

    public bool IsGuestAlive { get; set; } = true;

    public Dictionary<string, SnapshotState> Snapshots { get; } = new(StringComparer.Ordinal);

    public MachineDefinition DefinitionNow => Definition with { Disks = [.. Disks.Select(disk => disk.Definition)] };

    public MachineInfo ToInfo() => new()
    {
        Uuid = Uuid,
        Name = Definition.Name,
        Power = Power,
        Definition = DefinitionNow,
        Group = Definition.Group,
        GroupPath = Definition.Group,
        IpAddresses = [],
    };
}

/// <summary>What a snapshot froze. Immutable but for the disks' own trackers.</summary>
internal sealed record SnapshotState(SnapshotConsistency Consistency, MachineDefinition Definition, IReadOnlyList<SnapshotDiskState> Disks);

/// <summary>One frozen disk.</summary>
internal sealed record SnapshotDiskState(MemoryDisk Disk, DiskDefinition Definition, FrozenDisk Content, TrackerPosition Position);
