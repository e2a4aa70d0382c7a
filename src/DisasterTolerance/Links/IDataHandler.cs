namespace DisasterTolerance.Links;

/// <summary>Serves the data connections that peers open to this site. Thread-safe: connections are served at the same time.</summary>
internal interface IDataHandler
{
    /// <summary>
    /// Serves one connection until it is done; the channel is disposed afterwards. An exception is carried to the peer (see <see cref="IDataChannel.ReadAsync"/>),
    /// with code, message and transience if it is a <see cref="DisasterToleranceException"/>, and logged.
    /// </summary>
    /// <param name="peerSite">The authenticated peer.</param>
    /// <param name="session">The session that the peer named.</param>
    /// <param name="channel">The connection.</param>
    /// <param name="cancellationToken">Cancelled when this site stops.</param>
    ValueTask HandleAsync(Guid peerSite, Guid session, IDataChannel channel, CancellationToken cancellationToken);
}
