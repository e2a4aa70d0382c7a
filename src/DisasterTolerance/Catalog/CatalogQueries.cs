namespace DisasterTolerance.Catalog;

/// <summary>What was found when the catalog was opened. Immutable.</summary>
/// <param name="Id">Uuid of the catalog, given when it was created.</param>
/// <param name="Sequence">Sequence number of the last commit; 0 for a new one.</param>
/// <param name="Created">Whether it was created by this opening.</param>
public sealed record CatalogState(Guid Id, long Sequence, bool Created);

/// <summary>One page of an answer, and how many there are in all. Immutable.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Items">The page.</param>
/// <param name="TotalCount">How many match before paging.</param>
public sealed record CatalogPage<T>(IReadOnlyList<T> Items, long TotalCount);

/// <summary>A plan and its machines at one instant. Immutable.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Machines">Its machines that are not removed: newest <see cref="MachineRow.Created"/> first, then by uuid.</param>
public sealed record PlanWithMachines(PlanRow Plan, IReadOnlyList<MachineRow> Machines);

/// <summary>Which plans. Members that are null or empty do not filter. Immutable.</summary>
public sealed record PlanQuery
{
    /// <summary>Only plans of this master site.</summary>
    public Guid? Master { get; init; }

    /// <summary>Only plans that have this site as master or slave.</summary>
    public Guid? AnySite { get; init; }

    /// <summary>Only plans of these types.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>Only plans whose name contains this text, letters of either case.</summary>
    public string Fuzzy { get; init; } = "";

    /// <summary>Whether deleted plans are listed too.</summary>
    public bool IncludeDeleted { get; init; }

    /// <summary>How many to pass over.</summary>
    public int Skip { get; init; }

    /// <summary>At most so many; 0 for only the count.</summary>
    public int Take { get; init; } = 1000;
}

/// <summary>Which machines. Members that are null or empty do not filter. Immutable.</summary>
public sealed record MachineQuery
{
    /// <summary>Only machines of this plan.</summary>
    public Guid? Plan { get; init; }

    /// <summary>Only machines of plans with this master site.</summary>
    public Guid? Master { get; init; }

    /// <summary>Only machines of plans with this slave site.</summary>
    public Guid? Slave { get; init; }

    /// <summary>Only machines of plans that have this site as master or slave.</summary>
    public Guid? AnySite { get; init; }

    /// <summary>Only machines with one of these uuids as object, master-side or slave-side uuid.</summary>
    public IReadOnlyList<Guid> Uuids { get; init; } = [];

    /// <summary>Only machines of plans of these types.</summary>
    public IReadOnlyList<string> Types { get; init; } = [];

    /// <summary>Only machines whose name, or whose plan's name, contains this text, letters of either case.</summary>
    public string Fuzzy { get; init; } = "";

    /// <summary>Whether machines that were removed, or whose plan was deleted or is unknown, are listed too.</summary>
    public bool IncludeRemoved { get; init; }

    /// <summary>How many to pass over.</summary>
    public int Skip { get; init; }

    /// <summary>At most so many; 0 for only the count.</summary>
    public int Take { get; init; } = 1000;
}

/// <summary>Which points. Members that are null do not filter. Immutable.</summary>
public sealed record PointQuery
{
    /// <summary>Only points of this machine.</summary>
    public Guid? Machine { get; init; }

    /// <summary>Only points in this site's store.</summary>
    public Guid? Site { get; init; }

    /// <summary>Only points of this name.</summary>
    public string? Name { get; init; }

    /// <summary>Only points committed at or after this time.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Only points committed at or before this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Only rows that changed after this version of the machine's facts.</summary>
    public long? ChangedAfter { get; init; }

    /// <summary>Whether rows of removed points are listed too.</summary>
    public bool IncludeRemoved { get; init; }

    /// <summary>How many to pass over.</summary>
    public int Skip { get; init; }

    /// <summary>At most so many; 0 for only the count.</summary>
    public int Take { get; init; } = 1000;
}
