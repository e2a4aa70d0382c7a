using DisasterTolerance.Catalog;

namespace DisasterTolerance.Plans;

/// <summary>What a new plan shall be. Immutable.</summary>
public sealed record PlanSpecification
{
    /// <summary>Name for people, 1 to 256 characters (<see cref="PlanLimits.NameLength"/>), no control characters.</summary>
    public required string Name { get; init; }

    /// <summary>The site that holds the machines now. Never changes.</summary>
    public required Guid Master { get; init; }

    /// <summary>The other site. Never changes.</summary>
    public required Guid Slave { get; init; }

    /// <summary>How old the newest usable point at the other site may be. Positive; at least <see cref="Interval"/>.</summary>
    public required TimeSpan Rpo { get; init; }

    /// <summary>Time from the start of one run to the start of the next. Positive; the first run starts one interval after the plan is made.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>Points to keep, at least 1; null or 0 if kept by age. Exactly one of this and <see cref="ReserveDuration"/> is given.</summary>
    public int? ReserveCount { get; init; }

    /// <summary>Age up to which points are kept, positive; null or zero if kept by count. Exactly one of this and <see cref="ReserveCount"/> is given.</summary>
    public TimeSpan? ReserveDuration { get; init; }

    /// <summary>Whether records are compressed. Default: true.</summary>
    public bool Compression { get; init; } = true;

    /// <summary>Whether runs are scheduled. Default: true. Runs on demand work either way.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The hypervisor's configured name at each site. Cannot be changed later.</summary>
    public required string Type { get; init; }

    /// <summary>The configured store to keep the points in; empty (the default) for the site's default store.</summary>
    public string StorageMedium { get; init; } = "";

    /// <summary>vSphere's data centre: stored and returned. Default: empty.</summary>
    public string DatacenterReference { get; init; } = "";

    /// <summary>vSphere's host: stored and returned. Default: empty.</summary>
    public string HostReference { get; init; } = "";

    /// <summary>vSphere's path name of the machines: stored and returned. Default: empty.</summary>
    public string VmPathName { get; init; } = "";

    /// <summary>The machines to protect; may be empty. No machine twice.</summary>
    public IReadOnlyList<MachineSpecification> Machines { get; init; } = [];

    /// <summary>Who asks, for the audit log. Default: empty.</summary>
    public string Actor { get; init; } = "";
}

/// <summary>A machine to protect. In an edit of a plan, empty texts keep what a machine that stays has. Immutable.</summary>
public sealed record MachineSpecification
{
    /// <summary>The machine's uuid at the master site. An edit also finds machines that stay by their uuid at the slave site and by that of the protected object.</summary>
    public required Guid MasterUuid { get; init; }

    /// <summary>Name for people, at most 256 characters (<see cref="PlanLimits.NameLength"/>); may be empty.</summary>
    public string Name { get; init; } = "";

    /// <summary>In which order machines are brought up; null (the default) for middle, or in an edit for what it is now.</summary>
    public RecoveryPriority? Priority { get; init; }

    /// <summary>The host to start it on at the other site; empty (the default) for any.</summary>
    public string HostUuid { get; init; } = "";

    /// <summary>vSphere's import path: stored and returned.</summary>
    public string Path { get; init; } = "";

    /// <summary>vSphere's OVA path: stored and returned.</summary>
    public string OvaPath { get; init; } = "";

    /// <summary>Tenant uuid: stored and returned.</summary>
    public string Tenant { get; init; } = "";

    /// <summary>vSphere's snapshot name: stored and returned.</summary>
    public string SnapshotName { get; init; } = "";
}
