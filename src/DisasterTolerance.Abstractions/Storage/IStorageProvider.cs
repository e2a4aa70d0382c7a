namespace DisasterTolerance.Storage;

/// <summary>
/// A flat namespace of immutable blobs. The engine builds packs, trees, deduplication, verification and sweeping on top; a provider does
/// nothing but keep bytes.
/// </summary>
/// <remarks>
/// What an implementer guarantees:
/// <list type="bullet">
/// <item>Durability: when <see cref="PutAsync"/> or <see cref="DeleteAsync"/> returns, its effect survives a crash and a power loss.</item>
/// <item>Atomicity: a blob is seen whole or not at all, by every caller, also after a crash in the middle of <see cref="PutAsync"/>.</item>
/// <item>Immutability: a name is never given other content; <see cref="PutAsync"/> refuses a name that exists.</item>
/// <item>Read after write: a blob is readable and listed as soon as <see cref="PutAsync"/> returned, and gone as soon as <see cref="DeleteAsync"/> returned.</item>
/// <item>Thread-safety: all members may be called at the same time from many threads, also for the same name.</item>
/// <item>No retries, caching or throttling of its own: the engine wraps the provider for that.</item>
/// <item>Errors: <see cref="StorageException"/> with <see cref="ErrorCode.StorageFull"/> when space or quota is used up (not transient),
/// <see cref="ErrorCode.StorageFailed"/> otherwise, transient if the same call may succeed later.</item>
/// </list>
/// Names: 1 to 200 characters of <c>a-z 0-9 . - _ /</c>; no empty segment, no segment that begins with a dot. Other names are refused with
/// <see cref="ArgumentException"/>. Blobs are at most 1 TiB long.
/// </remarks>
public interface IStorageProvider
{
    /// <summary>Stores a blob: atomic, durable on return.</summary>
    /// <param name="name">The blob's name; must not exist.</param>
    /// <param name="content">All of the content, read from its present position to its end. The caller keeps and disposes it. May be empty.</param>
    /// <param name="cancellationToken">Ends the call; the blob then exists whole or not at all.</param>
    /// <exception cref="StorageException"><see cref="ErrorCode.BlobExists"/>, and nothing was changed; or the errors named above.</exception>
    ValueTask PutAsync(string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Reads a range of a blob into the caller's buffer.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="offset">First byte, in bytes from the begin of the blob; not negative.</param>
    /// <param name="destination">Filled completely unless the blob ends before.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Bytes read: the length of <paramref name="destination"/>, or less only if the blob ends there (0 at or beyond its end).</returns>
    /// <exception cref="StorageException"><see cref="ErrorCode.BlobNotFound"/>, or the errors named above.</exception>
    ValueTask<int> ReadAsync(string name, long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>The length of a blob in bytes, or null if there is none of that name.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<long?> GetLengthAsync(string name, CancellationToken cancellationToken);

    /// <summary>All blobs whose name begins with a prefix, in ordinal order of their names. Blobs put or deleted meanwhile may or may not be seen.</summary>
    /// <param name="prefix">The prefix; empty for all. It need not end at a slash.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<BlobInfo> ListAsync(string prefix, CancellationToken cancellationToken);

    /// <summary>Deletes a blob. A name that does not exist is no error, so the call may be repeated.</summary>
    /// <param name="name">The blob's name.</param>
    /// <param name="cancellationToken">Ends the call; the blob then exists whole or not at all.</param>
    ValueTask DeleteAsync(string name, CancellationToken cancellationToken);

    /// <summary>Space of the storage, as far as it is known.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken);
}
