namespace DisasterTolerance.Transport;

/// <summary>Accepts the connections of peers. One caller at a time; disposing ends a pending call.</summary>
public interface ILinkListener : IAsyncDisposable
{
    /// <summary>The address as the system gave it, with the real port: <c>host:port</c>.</summary>
    string LocalAddress { get; }

    /// <summary>
    /// Waits for the next connection whose peer proved that it holds the key of a configured peer. Failed handshakes never come out here and never throw:
    /// they are counted and, at a limited rate, logged.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; the listener stays usable.</param>
    /// <returns>An open connection that the caller disposes.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled or the listener was disposed.</exception>
    ValueTask<ILinkConnection> AcceptAsync(CancellationToken cancellationToken);
}
