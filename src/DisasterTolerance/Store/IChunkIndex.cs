using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>
/// Where each record lies. It can be built again from the packs alone, so it need not be durable. Batches, because an index on disk is slow one by one. Not
/// thread-safe.
/// </summary>
internal interface IChunkIndex
{
    long Count { get; }

    /// <summary>Looks up names.</summary>
    /// <param name="hashes">The names.</param>
    /// <param name="locations">The answers, as long as <paramref name="hashes"/>; the default value for a name that is absent.</param>
    void Find(ReadOnlySpan<ContentHash> hashes, Span<RecordLocation> locations);

    /// <summary>Adds entries; one for a name that is there replaces it.</summary>
    void Add(ReadOnlySpan<IndexEntry> entries);

    /// <summary>Removes names; those that are absent are no error.</summary>
    void Remove(ReadOnlySpan<ContentHash> hashes);

    /// <summary>Reads on through all entries, in no order. Entries that are added, moved or removed between two calls may be seen twice or not at all.</summary>
    /// <param name="cursor">0 to begin; moved on.</param>
    /// <param name="entries">Gets entries.</param>
    /// <returns>Entries written; 0 at the end.</returns>
    int Read(ref long cursor, Span<IndexEntry> entries);
}

/// <summary>Where a record lies. The default value means nowhere. Immutable.</summary>
/// <param name="Pack">The pack's sequence number.</param>
/// <param name="Offset">Where it begins in the pack.</param>
/// <param name="Length">Its bytes, header included.</param>
/// <param name="Kind">What it is.</param>
internal readonly record struct RecordLocation(int Pack, int Offset, int Length, RecordKind Kind)
{
    public bool IsNowhere => Length == 0;
}

/// <summary>An entry of the index. Immutable.</summary>
internal readonly record struct IndexEntry(ContentHash Hash, RecordLocation Location);
