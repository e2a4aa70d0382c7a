namespace DisasterTolerance.Hypervisors;

/// <summary>A machine as the hypervisor sees it now. Immutable.</summary>
public sealed record MachineInfo
{
    /// <summary>The machine's uuid on this site.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>Its name for people.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it runs.</summary>
    public required PowerState Power { get; init; }

    /// <summary>What is needed to make the same machine elsewhere, with its present disks.</summary>
    public required MachineDefinition Definition { get; init; }

    /// <summary>The group that the machine is in; empty for none.</summary>
    public string Group { get; init; } = "";

    /// <summary>Path of the group; empty for none.</summary>
    public string GroupPath { get; init; } = "";

    /// <summary>The resource pool that the machine is in; empty for none.</summary>
    public string Zone { get; init; } = "";

    /// <summary>Addresses the guest reports; null if nobody can tell.</summary>
    public IReadOnlyList<string>? IpAddresses { get; init; }
}

/// <summary>Whether a machine runs.</summary>
public enum PowerState
{
    /// <summary>Nobody can tell. Never read as running or as off.</summary>
    Unknown = 0,
    /// <summary>Off: its disks are not written.</summary>
    Off = 1,
    /// <summary>Running, paused or suspended: its disks may be written.</summary>
    On = 2,
}
