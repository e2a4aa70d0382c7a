using DisasterTolerance.Chunking;

namespace DisasterTolerance.Catalog;

/// <summary>A receive session: a durable lease on what was received and on what was answered as held. Immutable.</summary>
public sealed record SessionRow
{
    /// <summary>The session's id, given by the receiver.</summary>
    public required Guid Uuid { get; init; }

    /// <summary>The sending site.</summary>
    public required Guid Sender { get; init; }

    /// <summary>The protected machine.</summary>
    public required Guid Machine { get; init; }

    /// <summary>The point that is being received.</summary>
    public required Guid Point { get; init; }

    /// <summary>Hash of the point's manifest: a session is only taken up again for the very same point.</summary>
    public required ContentHash Manifest { get; init; }

    /// <summary>The receiver's point that the sender's differences are against; null for none.</summary>
    public Guid? Base { get; init; }

    /// <summary>Chunk size in bytes.</summary>
    public required int ChunkSize { get; init; }

    /// <summary>Children per tree node.</summary>
    public required int FanOut { get; init; }

    /// <summary>How far each disk got, in the manifest's order.</summary>
    public IReadOnlyList<SessionDisk> Disks { get; init; } = [];

    /// <summary>When it began.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>Until when the lease holds without further progress.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Version of the row for optimistic writes: 0 for a row that is not stored yet.</summary>
    public long RowVersion { get; init; }
}

/// <summary>How far one disk of a session got: a tree that has the new leaves below the watermark and the base's leaves from there on. Immutable.</summary>
/// <param name="Id">The disk's id.</param>
/// <param name="Watermark">Every leaf before this position is settled.</param>
/// <param name="Root">Root of the mixed tree, durable in the store.</param>
/// <param name="Depth">Levels of nodes of that tree.</param>
public sealed record SessionDisk(string Id, long Watermark, ContentHash Root, int Depth);
