using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Store;

/// <summary>Everything that a recovery point is: who, when, which disks. Stored as a record; its hash names the point's content. Immutable.</summary>
internal sealed record PointManifest
{
    /// <summary>The point's uuid, the same on both sites.</summary>
    public required Guid Point { get; init; }

    /// <summary>The protected machine's object uuid.</summary>
    public required Guid Machine { get; init; }

    /// <summary>The point's name.</summary>
    public required string Name { get; init; }

    /// <summary>When the capture began, to the millisecond.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>When it was committed at its origin, to the second.</summary>
    public required DateTimeOffset Committed { get; init; }

    /// <summary>The site that captured it.</summary>
    public required Guid Origin { get; init; }

    /// <summary>The owner's epoch number at the capture.</summary>
    public required long Epoch { get; init; }

    /// <summary>Grows with every point of the machine on a branch.</summary>
    public required long Sequence { get; init; }

    /// <summary>The point that it was captured against; null for a first one.</summary>
    public Guid? Parent { get; init; }

    public PointKind Kind { get; init; }

    public required SnapshotConsistency Consistency { get; init; }

    /// <summary>Chunk size and fan-out of all its trees.</summary>
    public required ChunkGeometry Geometry { get; init; }

    /// <summary>The machine's definition. Its disks are those of <see cref="Disks"/>, in the same order.</summary>
    public required MachineDefinition Definition { get; init; }

    public required IReadOnlyList<ManifestDisk> Disks { get; init; }
}

/// <summary>A disk of a point. Immutable.</summary>
/// <param name="Definition">Id, exact length and kind.</param>
/// <param name="Tree">Its content.</param>
internal sealed record ManifestDisk(DiskDefinition Definition, DiskTree Tree);
