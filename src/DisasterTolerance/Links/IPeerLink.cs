namespace DisasterTolerance.Links;

/// <summary>The link to one configured peer. Lives as long as the site and reconnects by itself. Thread-safe.</summary>
internal interface IPeerLink
{
    /// <summary>The uuid of the peer's site.</summary>
    Guid Peer { get; }

    /// <summary>The peer's name in this site's configuration.</summary>
    string PeerName { get; }

    /// <summary>A snapshot of what is known now.</summary>
    PeerState State { get; }

    /// <summary>Raised after the link went up or down or its reason changed. Called on a pool thread, one at a time; a throwing handler is logged.</summary>
    event Action<IPeerLink, PeerState>? StateChanged;

    /// <summary>Sends a request over the control connection and waits for its answer.</summary>
    /// <exception cref="PeerRefusedException">The peer answered with an error; its code and message are carried over.</exception>
    /// <exception cref="DisasterToleranceException">
    /// <see cref="ErrorCode.PeerUnreachable"/> (transient): nothing was sent. <see cref="ErrorCode.LinkLost"/> (transient): it is unknown whether the peer acted.
    /// <see cref="ErrorCode.Stalled"/> (transient): no answer in time; the peer was told to stop.
    /// </exception>
    ValueTask<TResponse> CallAsync<TRequest, TResponse>(ControlMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken);

    /// <summary>Opens a data connection to the peer for a ship session. The peer's <see cref="IDataHandler"/> gets the other end.</summary>
    /// <exception cref="PeerRefusedException">The peer refused the connection.</exception>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.PeerUnreachable"/>, <see cref="ErrorCode.LinkLost"/> or <see cref="ErrorCode.Stalled"/>, all transient.</exception>
    ValueTask<IDataChannel> OpenDataAsync(Guid session, CancellationToken cancellationToken);

    /// <summary>Dials the peer at one of its hosts, greets it and closes again.</summary>
    /// <param name="host">One of the hosts that are configured for the peer.</param>
    /// <param name="cancellationToken">Ends the call; nothing stays open.</param>
    /// <exception cref="DisasterToleranceException">As for <see cref="OpenDataAsync"/>, or <see cref="ErrorCode.PeerKeyMismatch"/>: why the peer does not answer there.</exception>
    ValueTask ProbeAsync(string host, CancellationToken cancellationToken);

    /// <summary>Hosts at which the peer may be dialled, that of its endpoint first. Fixed.</summary>
    IReadOnlyList<string> Hosts { get; }

    /// <summary>Limits what this site sends to the peer over all connections together. Takes effect within a second.</summary>
    /// <param name="bytesPerSecond">At least 1, or -1 for unlimited.</param>
    void SetLimit(long bytesPerSecond);
}
