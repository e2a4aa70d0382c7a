using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Store;

/// <summary>
/// One writer's stay in the store: whatever it appended or was told to be held stays until the scope is disposed, whatever is swept meanwhile. Dispose it after
/// the catalog row that needs the records is committed. Thread-safe.
/// </summary>
/// <remarks>
/// If a pack had to be abandoned and records that this scope relied on were lost, all members but dispose throw <see cref="ErrorCode.StorageFailed"/>
/// (transient): begin again with a new scope from what was durable before.
/// </remarks>
internal interface IStoreScope : INodeSink, IDisposable
{
    /// <summary>Stored bytes that this scope added, headers included.</summary>
    long AddedBytes { get; }

    /// <summary>Whether a record is held, a patch together with its base; if so it is pinned, and the base with it. The zero hash is always held.</summary>
    bool TryHold(ContentHash hash);

    /// <summary>Asks for many records at once.</summary>
    /// <param name="hashes">Their names.</param>
    /// <param name="held">The answers, as long as <paramref name="hashes"/>.</param>
    void TryHold(ReadOnlySpan<ContentHash> hashes, Span<bool> held);

    /// <summary>Whether a record is held full and may be the base of patches; if so it is pinned. Never where patches are switched off.</summary>
    bool TryHoldBase(ContentHash hash, RecordKind kind);

    /// <summary>Keeps all records of a root until the scope ends, for instance while a point is restored or shipped.</summary>
    void Pin(LiveRoot root);

    /// <summary>Adds a record unless it is held. The hash is the caller's word; it is not computed again.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="hash">The SHA-256 of the content.</param>
    /// <param name="raw">The content; free again when the call returns.</param>
    /// <param name="mode">Whether to compress it.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Stored bytes added, header included; 0 if it was held.</returns>
    ValueTask<int> AppendAsync(RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, CompressionMode mode, CancellationToken cancellationToken);

    /// <summary>Adds a record unless it is held: as a patch on what was in its place before, where that makes it clearly smaller.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="hash">The SHA-256 of the content.</param>
    /// <param name="raw">The content; free again when the call returns.</param>
    /// <param name="previous">What was in its place; if that is a patch itself, its base is taken. Zero or absent for nothing.</param>
    /// <param name="mode">Whether to compress it. Off also means no patch.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Stored bytes added, header included; 0 if it was held.</returns>
    ValueTask<int> AppendAsync(RecordKind kind, ContentHash hash, ReadOnlyMemory<byte> raw, ContentHash previous, CompressionMode mode, CancellationToken cancellationToken);

    /// <summary>Adds a record from the wire as it lies, after checking its header, checksum, kind and hash; a patch only if its base is held full. A record that is held is still checked.</summary>
    /// <param name="record">Header and payload, exactly.</param>
    /// <param name="kind">The kind that was asked for.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The record's name and the stored bytes added: 0 if it was held.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/> or <see cref="ErrorCode.FormatVersion"/>; nothing was added.</exception>
    ValueTask<AppendedRecord> AppendStoredAsync(ReadOnlyMemory<byte> record, RecordKind kind, CancellationToken cancellationToken);

    /// <summary>Makes everything durable that was appended, by anybody, before the call: all that this scope appended or holds. Calls at the same time share one commit.</summary>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Makes everything before durable, then the manifest: the last step before the catalog row.</summary>
    /// <returns>The manifest's hash.</returns>
    ValueTask<ContentHash> CommitManifestAsync(PointManifest manifest, CancellationToken cancellationToken);
}

/// <summary>What became of a record from the wire. Immutable.</summary>
/// <param name="Hash">Its verified name.</param>
/// <param name="AddedBytes">Stored bytes added, header included; 0 if it was held.</param>
internal readonly record struct AppendedRecord(ContentHash Hash, int AddedBytes);
