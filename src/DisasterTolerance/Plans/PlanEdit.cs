namespace DisasterTolerance.Plans;

/// <summary>What shall change in a plan. A member that is null keeps what is there; so does zero or an empty text. Immutable.</summary>
public sealed record PlanEdit
{
    /// <summary>New name; null or empty keeps.</summary>
    public string? Name { get; init; }

    /// <summary>New RPO; null or zero keeps.</summary>
    public TimeSpan? Rpo { get; init; }

    /// <summary>New interval; null or zero keeps. Re-anchors the schedule at the last start plus the new interval.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>Points to keep; null or 0 keeps what is there. A positive value switches to keeping by count; with <see cref="ReserveDuration"/> it is an error.</summary>
    public int? ReserveCount { get; init; }

    /// <summary>Age up to which points are kept; null or zero keeps what is there. A positive value switches to keeping by age; with <see cref="ReserveCount"/> it is an error.</summary>
    public TimeSpan? ReserveDuration { get; init; }

    /// <summary>Whether records are compressed from the next run on; null keeps.</summary>
    public bool? Compression { get; init; }

    /// <summary>Whether runs are scheduled; null keeps.</summary>
    public bool? Enabled { get; init; }

    /// <summary>The hypervisor's name: it cannot change, so anything but null, empty or the present name is an error.</summary>
    public string? Type { get; init; }

    /// <summary>The configured store for new points; null or empty keeps.</summary>
    public string? StorageMedium { get; init; }

    /// <summary>vSphere's data centre; null or empty keeps.</summary>
    public string? DatacenterReference { get; init; }

    /// <summary>vSphere's host; null or empty keeps.</summary>
    public string? HostReference { get; init; }

    /// <summary>vSphere's path name of the machines; null or empty keeps.</summary>
    public string? VmPathName { get; init; }

    /// <summary>The machines from now on; null keeps. An empty list is an error while the plan has machines: delete the plan instead.</summary>
    public IReadOnlyList<MachineSpecification>? Machines { get; init; }

    /// <summary>When the caller believes that the plan was last edited, compared to the second; a different time is a conflict. Null does not ask.</summary>
    public DateTimeOffset? ExpectedModified { get; init; }

    /// <summary>Who asks, for the audit log. Default: empty.</summary>
    public string Actor { get; init; } = "";
}
