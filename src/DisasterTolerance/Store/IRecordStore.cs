using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>
/// A site's store of content-addressed records. Thread-safe: any number of captures, receives and reads, and one sweep or verification, at the same time.
/// </summary>
/// <remarks>
/// A record is written through a scope and is durable once <see cref="IStoreScope.FlushAsync"/> returned. Holding a node says nothing about the records that
/// it names. Errors: <see cref="StorageException"/> of the provider; <see cref="ErrorCode.DataDamaged"/> for what is missing or does not match its hash.
/// </remarks>
internal interface IRecordStore : INodeSource, IAsyncDisposable
{
    /// <summary>The store's id; another one means another store.</summary>
    Guid StoreId { get; }

    /// <summary>Grows whenever records may have been lost: what was answered as held before must be asked again.</summary>
    long Generation { get; }

    /// <summary>Records that can be read.</summary>
    long RecordCount { get; }

    /// <summary>Begins a scope.</summary>
    IStoreScope BeginScope();

    /// <summary>Reads a record's raw content and verifies its hash. Safe while packs are rewritten.</summary>
    /// <param name="hash">Its name; not zero.</param>
    /// <param name="kind">The kind that it must have.</param>
    /// <param name="destination">At least as long as the content.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Bytes of the content.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>: missing, damaged (then no longer held, so that it can be received again), or of another kind.</exception>
    ValueTask<int> ReadAsync(ContentHash hash, RecordKind kind, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Reads the raw contents of many records that all have the same length, and verifies each hash. Neighbours in a pack cost one read, so ask for what was stored together together.</summary>
    /// <param name="hashes">Their names; not zero. The same one may come several times.</param>
    /// <param name="kind">The kind that they must have.</param>
    /// <param name="length">Bytes of each content.</param>
    /// <param name="destination">Gets the contents one behind the other.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>: one is missing, damaged, or of another kind or length; the destination then holds anything.</exception>
    ValueTask ReadAsync(ReadOnlyMemory<ContentHash> hashes, RecordKind kind, int length, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Reads many records as they lie, patches included, with one read for neighbours in a pack. Their checksums are checked, their hashes are not.</summary>
    /// <param name="hashes">Their names; not zero.</param>
    /// <param name="batch">Gets the records; empty where one has to be read alone, which also says why.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask FetchAsync(ReadOnlyMemory<ContentHash> hashes, RecordBatch batch, CancellationToken cancellationToken);

    /// <summary>Reads a record as it lies, header and payload, for shipping. Its checksum is checked, the hash is not.</summary>
    /// <param name="hash">Its name; not zero.</param>
    /// <param name="destination">At least <see cref="StoredLength"/> long.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Bytes of the record.</returns>
    ValueTask<int> ReadStoredAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Bytes of a record as it lies, header included; −1 if it is absent.</summary>
    int StoredLength(ContentHash hash);

    /// <summary>Reads a record as a full one, whoever has no base: as it lies, or a patch's content compressed anew.</summary>
    /// <param name="hash">Its name; not zero.</param>
    /// <param name="destination">Room for the header and the raw content.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Bytes of the record.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>: the record or its base is missing or damaged.</exception>
    ValueTask<int> ReadFullAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>What records are patches on.</summary>
    /// <param name="hashes">Their names.</param>
    /// <param name="bases">The answers, as long as <paramref name="hashes"/>: zero for a record that is full or absent.</param>
    void FindBases(ReadOnlySpan<ContentHash> hashes, Span<ContentHash> bases);

    /// <summary>Removes what no root needs and gives its space back. One sweep at a time; a second call waits.</summary>
    /// <param name="readRoots">
    /// Asked once, after the sweep began to watch all scopes, for everything that must stay: all points with a catalog row, damaged ones as such, and the trees of all sessions.
    /// Roots collected before would miss a point that was committed in between.
    /// </param>
    /// <param name="cancellationToken">Ends the sweep between two packs.</param>
    ValueTask<SweepReport> SweepAsync(Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>> readRoots, CancellationToken cancellationToken);

    /// <summary>Stored bytes of the distinct records that can be reached from the roots. Missing records count nothing.</summary>
    ValueTask<long> MeasureAsync(IReadOnlyCollection<LiveRoot> roots, CancellationToken cancellationToken);

    /// <summary>Reads and hashes every record. Damaged ones are listed and no longer held, so that they can be received again.</summary>
    /// <param name="bytesPerSecond">How fast at most; 0 for as fast as it goes.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    ValueTask<VerifyReport> VerifyAsync(long bytesPerSecond, CancellationToken cancellationToken);

    /// <summary>
    /// The records that a root needs and that are absent (never held, or dropped as damaged), bases of patches included and named before their patches. Below an absent node nothing can be told.
    /// At most 1,000: heal them and ask again.
    /// </summary>
    /// <param name="root">The point or tree.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<MissingRecord>> FindMissingAsync(LiveRoot root, CancellationToken cancellationToken);

    /// <summary>The names of all manifests that the store holds, of visible points and of others, in no order. Whether what they need is held too, they do not say.</summary>
    IReadOnlyList<ContentHash> ListManifests();

    /// <summary>Space of the storage below.</summary>
    ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken);

    /// <summary>Writes a small blob beside the packs, durable on return.</summary>
    /// <param name="name">Its name, unique for ever: it is never replaced. Segments as of <see cref="IStorageProvider"/>.</param>
    /// <param name="content">At most 1 MiB.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask WriteJournalAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>The journal blobs of a prefix in ordinal order of their names.</summary>
    IAsyncEnumerable<JournalBlob> ReadJournalAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Deletes a journal blob; none of that name is no error.</summary>
    ValueTask DeleteJournalAsync(string name, CancellationToken cancellationToken);
}

/// <summary>A journal blob. Immutable.</summary>
internal sealed record JournalBlob(string Name, byte[] Content);

/// <summary>A record that a root needs and the store does not have. Immutable.</summary>
/// <param name="Hash">Its name.</param>
/// <param name="Kind">What it must be.</param>
/// <param name="Base">If it is here as a patch and only lacks its base, the base's name: with that it is whole again. Zero otherwise.</param>
internal readonly record struct MissingRecord(ContentHash Hash, RecordKind Kind, ContentHash Base = default);
