namespace DisasterTolerance.Storage;

/// <summary>
/// Optional ability of an <see cref="IStorageProvider"/>: blobs that grow in place until they are sealed. The engine uses it to write packs without a
/// spool. An open blob lives under its final name but is not listed and has no length by the members of <see cref="IStorageProvider"/> until it is sealed;
/// the bytes made durable so far can be read by <see cref="IStorageProvider.ReadAsync"/>.
/// </summary>
public interface IAppendStorage : IStorageProvider
{
    /// <summary>Begins a new open blob.</summary>
    /// <param name="name">Its name; neither a blob nor an open blob of that name may exist.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StorageException"><see cref="ErrorCode.BlobExists"/>, or the errors of <see cref="IStorageProvider"/>.</exception>
    ValueTask<IAppendBlob> BeginAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// Takes up an open blob that a crash left behind, cut to a length. What was made durable before the crash is there; bytes behind that may be
    /// anything, which is why the caller says how much of it is good.
    /// </summary>
    /// <param name="name">The open blob's name.</param>
    /// <param name="length">Bytes to keep, from the begin; not more than it has.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="StorageException"><see cref="ErrorCode.BlobNotFound"/>, or the errors of <see cref="IStorageProvider"/>.</exception>
    ValueTask<IAppendBlob> ResumeAsync(string name, long length, CancellationToken cancellationToken);

    /// <summary>The open blobs that nobody holds open, with the bytes that can be read of each. Used at start.</summary>
    /// <param name="prefix">Prefix of the names; empty for all.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<BlobInfo> ListOpenAsync(string prefix, CancellationToken cancellationToken);
}
