namespace DisasterTolerance.Catalog;

/// <summary>A plan as a site knows it. Immutable.</summary>
public sealed record PlanRow
{
    /// <summary>The plan's uuid, the same on both sites.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>Name for people, 1 to 256 characters.</summary>
    public required string Name { get; init; }

    /// <summary>The site that held the machines when the plan was made. Never changes.</summary>
    public required Guid Master { get; init; }

    /// <summary>The other site. Never changes.</summary>
    public required Guid Slave { get; init; }

    /// <summary>How old the newest usable point at the other site may be.</summary>
    public required TimeSpan Rpo { get; init; }

    /// <summary>Time from the start of one run to the start of the next.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>How many points are kept, or for how long.</summary>
    public required RetentionPolicy Retention { get; init; }

    /// <summary>Whether records are compressed.</summary>
    public bool Compression { get; init; } = true;

    /// <summary>Whether runs are scheduled.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The hypervisor's configured name at each site (<c>dtp_type</c>).</summary>
    public required string Type { get; init; }

    /// <summary>The configured store to keep the points in; empty for the default.</summary>
    public string StorageMedium { get; init; } = "";

    /// <summary>vSphere's data centre reference: stored and returned.</summary>
    public string DatacenterReference { get; init; } = "";

    /// <summary>vSphere's host reference: stored and returned.</summary>
    public string HostReference { get; init; } = "";

    /// <summary>vSphere's path name: stored and returned.</summary>
    public string VmPathName { get; init; } = "";

    /// <summary>Grows by one when the slave takes the plan over from a lost master. Compared before <see cref="Revision"/>.</summary>
    public long RevisionEpoch { get; init; }

    /// <summary>Grows by one with every edit.</summary>
    public long Revision { get; init; } = 1;

    /// <summary>When the plan was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it was last edited.</summary>
    public required DateTimeOffset Modified { get; init; }

    /// <summary>Why the site switched the plan off by itself; empty if it did not.</summary>
    public string DisabledBecause { get; init; } = "";

    /// <summary>When the plan was deleted; null while it lives. Its points stay for the grace period.</summary>
    public DateTimeOffset? Deleted { get; init; }

    /// <summary>Version of the row for optimistic writes: 0 for a row that is not stored yet.</summary>
    public long RowVersion { get; init; }
}

/// <summary>How many points are kept, or for how long: exactly one of the two. Immutable.</summary>
/// <param name="Count">Points to keep on the current branch, at least 1; null if kept by age.</param>
/// <param name="Duration">Age up to which points are kept, positive; null if kept by count.</param>
public sealed record RetentionPolicy(int? Count, TimeSpan? Duration)
{
    /// <summary>Keeps a number of points.</summary>
    /// <param name="count">At least 1.</param>
    public static RetentionPolicy Keep(int count) => new(count, null);

    /// <summary>Keeps points up to an age.</summary>
    /// <param name="duration">Positive.</param>
    public static RetentionPolicy KeepFor(TimeSpan duration) => new(null, duration);
}
