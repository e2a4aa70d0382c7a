namespace DisasterTolerance.Links;

/// <summary>
/// A data connection of a ship session: ordered frames in both directions. One reader and one writer may work at the same time. Disposing without
/// <see cref="CompleteAsync"/> closes the connection, and the peer sees <see cref="ErrorCode.LinkLost"/>.
/// </summary>
internal interface IDataChannel : IAsyncDisposable
{
    /// <summary>Version of the protocol that both sides agreed on for this connection.</summary>
    int Version { get; }

    /// <summary>Bytes that this channel wrote to its socket.</summary>
    long BytesWritten { get; }

    /// <summary>Bytes that this channel read from its socket.</summary>
    long BytesRead { get; }

    /// <summary>Writes one frame. Both buffers are free again when the call returns. Waits while the peer or the link's limit is slower than the caller.</summary>
    /// <param name="type">The kind of the frame.</param>
    /// <param name="header">At most <see cref="LinkLimits.DataHeaderBytes"/>.</param>
    /// <param name="body">At most <see cref="LinkLimits.DataPayloadBytes"/>.</param>
    /// <param name="cancellationToken">Ends the call; the channel is then broken.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/> (transient).</exception>
    ValueTask WriteAsync(DataFrameType type, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);

    /// <summary>Hands everything written so far to the network. Needed before waiting for an answer.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/> (transient).</exception>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Waits for the next frame. Its buffers are valid until the next call or until the channel is disposed.</summary>
    /// <returns>The frame, or null after the peer's orderly end.</returns>
    /// <exception cref="PeerRefusedException">The peer's handler failed; its code and message are carried over.</exception>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/> (transient), or <see cref="ErrorCode.ProtocolViolation"/>.</exception>
    ValueTask<DataFrame?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Ends this side's writing in an orderly way, flushed. The peer's reader sees null. Reading may go on.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/> (transient).</exception>
    ValueTask CompleteAsync(CancellationToken cancellationToken);
}
