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

/// <summary>Where a record lies. The default value means nowhere. 16 bytes. Immutable.</summary>
internal readonly record struct RecordLocation
{
    // A record has at most 16 MiB and its header: kind and length fit into one number.
    private const int LengthBits = 28;

    private readonly uint _kindAndLength;

    /// <param name="pack">The pack's sequence number.</param>
    /// <param name="offset">Where it begins in the pack.</param>
    /// <param name="length">Its bytes, header included.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="base">The number of a patch's base in the <see cref="BaseTable"/>; 0 for a full record.</param>
    public RecordLocation(int pack, int offset, int length, RecordKind kind, int @base)
    {
        Pack = pack;
        Offset = offset;
        Base = @base;
        _kindAndLength = ((uint)kind << LengthBits) | (uint)length;
    }

    /// <summary>The pack's sequence number.</summary>
    public int Pack { get; }

    /// <summary>Where it begins in the pack.</summary>
    public int Offset { get; }

    /// <summary>The number of a patch's base in the <see cref="BaseTable"/>; 0 for a full record.</summary>
    public int Base { get; }

    /// <summary>Its bytes, header included.</summary>
    public int Length => (int)(_kindAndLength & ((1u << LengthBits) - 1));

    /// <summary>What it is.</summary>
    public RecordKind Kind => (RecordKind)(_kindAndLength >> LengthBits);

    public bool IsNowhere => Length == 0;

    public bool IsPatch => Base != 0;

    /// <summary>Whether it is this record of a pack: no two records of a store lie at one place.</summary>
    public bool IsAt(int pack, in PackEntry entry) => Pack == pack && Offset == entry.Offset && Length == entry.Length;
}

/// <summary>An entry of the index. Immutable.</summary>
internal readonly record struct IndexEntry(ContentHash Hash, RecordLocation Location);
