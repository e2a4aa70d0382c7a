namespace DisasterTolerance.Storage;

/// <summary>
/// An open blob. Not thread-safe: one caller at a time. Disposing without sealing leaves it open for <see cref="IAppendStorage.ResumeAsync"/>.
/// After an error in <see cref="AppendAsync"/>, <see cref="FlushAsync"/> or <see cref="SealAsync"/> every later call on it fails: it is abandoned, never retried.
/// </summary>
public interface IAppendBlob : IAsyncDisposable
{
    /// <summary>The blob's name.</summary>
    string Name { get; }

    /// <summary>Bytes appended so far, durable or not.</summary>
    long Length { get; }

    /// <summary>Appends bytes. They may be lost in a crash until <see cref="FlushAsync"/> returned.</summary>
    /// <param name="content">The caller's buffer; free again when the call returns.</param>
    /// <param name="cancellationToken">Ends the call; the blob is then abandoned.</param>
    ValueTask AppendAsync(ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Makes all bytes appended before the call durable and readable. An error of the device is never swallowed.</summary>
    /// <param name="cancellationToken">Ends the call; the blob is then abandoned.</param>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Makes everything durable and turns the open blob into an ordinary one, atomically. No other call may follow but dispose.</summary>
    /// <param name="cancellationToken">Ends the call; the blob is then either open or sealed.</param>
    ValueTask SealAsync(CancellationToken cancellationToken);
}
