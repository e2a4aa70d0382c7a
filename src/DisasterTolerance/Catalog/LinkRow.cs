namespace DisasterTolerance.Catalog;

/// <summary>Two sites that replicate to each other. Immutable.</summary>
public sealed record LinkRow
{
    /// <summary>The link's uuid, the same on both sites.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>One site.</summary>
    public required Guid SideA { get; init; }

    /// <summary>Its name as the link's author gave it.</summary>
    public required string SideAName { get; init; }

    /// <summary>The other site.</summary>
    public required Guid SideB { get; init; }

    /// <summary>Its name as the link's author gave it.</summary>
    public required string SideBName { get; init; }

    /// <summary>Names of both ends as the link's author ordered them.</summary>
    public IReadOnlyList<string> Relation { get; init; } = [];

    /// <summary>Bytes per second and direction on the wire; -1 for no limit.</summary>
    public long LimitBytesPerSecond { get; init; } = -1;

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it was last edited. The later edit wins when sites meet.</summary>
    public required DateTimeOffset Modified { get; init; }

    /// <summary>When it was deleted; null while it lives.</summary>
    public DateTimeOffset? Deleted { get; init; }

    /// <summary>Version of the row for optimistic writes: 0 for a row that is not stored yet.</summary>
    public long RowVersion { get; init; }
}
