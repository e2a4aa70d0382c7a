namespace DisasterTolerance.Transport;

/// <summary>
/// The edge between the link sessions and the network: TCP with TLS in production, simulated in tests. Thread-safe.
/// Everything above this contract speaks frames; everything below it moves bytes between two authenticated sites.
/// </summary>
public interface ILinkTransport
{
    /// <summary>Dials a peer. The peer has proved that it holds one of the pinned keys when the call returns.</summary>
    /// <param name="peer">Whom to dial and which keys to accept.</param>
    /// <param name="cancellationToken">Ends the call; nothing stays open.</param>
    /// <returns>An open connection that the caller disposes.</returns>
    /// <exception cref="DisasterToleranceException">
    /// <see cref="ErrorCode.PeerUnreachable"/> (transient) if nobody answers, <see cref="ErrorCode.PeerKeyMismatch"/> if somebody else answers,
    /// <see cref="ErrorCode.Stalled"/> (transient) if the handshake passes its deadline.
    /// </exception>
    ValueTask<ILinkConnection> ConnectAsync(PeerAddress peer, CancellationToken cancellationToken);

    /// <summary>Starts to listen for peers on the address of this site.</summary>
    /// <param name="cancellationToken">Ends the call; nothing stays open.</param>
    /// <returns>A listener that the caller disposes.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.AddressUnusable"/>: the message names the address and the cause.</exception>
    ValueTask<ILinkListener> ListenAsync(CancellationToken cancellationToken);
}
