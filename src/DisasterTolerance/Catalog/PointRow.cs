using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Catalog;

/// <summary>A recovery point in one site's store. The same point at the other site is a row of its own with the same uuid. Immutable.</summary>
public sealed record PointRow
{
    /// <summary>The point's uuid, the same on both sites.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The site whose store holds it.</summary>
    public required Guid Site { get; init; }

    /// <summary>The protected machine.</summary>
    public required Guid Machine { get; init; }

    /// <summary><c>DT-</c> and the second at which the capture began; unique per machine, the same on both sites.</summary>
    public required string Name { get; init; }

    /// <summary>When the capture began, on the capturing site's clock.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>When it was committed on the capturing site, on that site's clock.</summary>
    public required DateTimeOffset Committed { get; init; }

    /// <summary>The site that captured it.</summary>
    public required Guid Origin { get; init; }

    /// <summary>The owner's epoch number at the capture.</summary>
    public required long Epoch { get; init; }

    /// <summary>Grows with every point of the machine on a branch.</summary>
    public required long Sequence { get; init; }

    /// <summary>The point that it was captured against; null for a first one.</summary>
    public Guid? Parent { get; init; }

    /// <summary>Hash of its manifest.</summary>
    public required ContentHash Manifest { get; init; }

    /// <summary>What kind of point it is.</summary>
    public PointKind Kind { get; init; }

    /// <summary>How consistent it is.</summary>
    public required SnapshotConsistency Consistency { get; init; }

    /// <summary>Whether retention must leave it.</summary>
    public bool Pinned { get; init; }

    /// <summary>Why it cannot be used; empty if it can.</summary>
    public string Damage { get; init; } = "";

    /// <summary>Sum of the lengths of its disks in bytes.</summary>
    public long DiskBytes { get; init; }

    /// <summary>Stored bytes that its capture added to the store of the capturing site.</summary>
    public long AddedBytes { get; init; }

    /// <summary>Where the change tracker stood, by disk id: only in the row of the capturing site.</summary>
    public IReadOnlyDictionary<string, string> ChangeTokens { get; init; } = new Dictionary<string, string>();

    /// <summary>Until when it stays although its plan or machine was removed or its retention was shortened; null if nothing of that happened.</summary>
    public DateTimeOffset? GraceUntil { get; init; }

    /// <summary>When it was removed: the row then only tells the peer so. Null while the point is there.</summary>
    public DateTimeOffset? Removed { get; init; }

    /// <summary>The machine's facts version at which this row changed last.</summary>
    public long FactsVersion { get; init; }

    /// <summary>Version of the row for optimistic writes: 0 for a row that is not stored yet.</summary>
    public long RowVersion { get; init; }
}

/// <summary>Why a recovery point was made.</summary>
public enum PointKind
{
    /// <summary>By a run.</summary>
    Regular = 0,
    /// <summary>To keep the present state before a restore in place.</summary>
    Safety = 1,
    /// <summary>What a site still had when it learnt that the other one had taken over.</summary>
    Residual = 2,
    /// <summary>The branch that an undo left.</summary>
    Undone = 3,
}
