namespace DisasterTolerance.Links;

/// <summary>All links of this site: listens for peers and keeps one <see cref="IPeerLink"/> per configured peer. Thread-safe. Disposing closes everything.</summary>
internal interface ILinkHost : IAsyncDisposable
{
    /// <summary>One link per configured peer, in the order of the configuration. Fixed for the life of the host.</summary>
    IReadOnlyList<IPeerLink> Peers { get; }

    /// <summary>The address that the site listens on, with the real port; null before the start.</summary>
    string? LocalAddress { get; }

    /// <summary>The link to a peer, or null if no peer of that uuid is configured.</summary>
    IPeerLink? Find(Guid peer);

    /// <summary>Starts to listen and to dial. Returns when the site listens; the links come up later.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.AddressUnusable"/>.</exception>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>Says goodbye to all peers, ends all handlers and closes everything. May be called twice.</summary>
    Task StopAsync(CancellationToken cancellationToken);
}
