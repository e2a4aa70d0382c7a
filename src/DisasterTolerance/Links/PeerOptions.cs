namespace DisasterTolerance.Links;

/// <summary>A site that this site may have a link with. Read once at the start.</summary>
public sealed class PeerOptions
{
    /// <summary>The uuid of the peer's site. Required; not this site's own.</summary>
    public Guid Uuid { get; set; }

    /// <summary>A name for people, 1 to 256 characters. Required, unique among the peers.</summary>
    public string Name { get; set; } = "";

    /// <summary>Where the peer listens, <c>host:port</c>; an IPv6 address stands in brackets. Required.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>SHA-256 of the peer's public key (SubjectPublicKeyInfo): 64 hex digits, as the peer's host prints it. Required, no other peer may have it.</summary>
    public string PublicKey { get; set; } = "";

    /// <summary>A second accepted key while the peer changes its key; null (the default) for none.</summary>
    public string? SecondPublicKey { get; set; }

    /// <summary>
    /// More host names or addresses, without a port, at which the peer answers on the port of <see cref="Endpoint"/>. Only asked by <see cref="ILinkManager.CheckAsync"/>, which dials no other
    /// hosts than these and that of <see cref="Endpoint"/>. Default: none.
    /// </summary>
    public IReadOnlyList<string> Hosts { get; set; } = [];

    /// <summary>Which requests of people the peer may pass on to this site. Default: all. What this site's own retention floor keeps stays in any case.</summary>
    public ForwardedCalls MayForward { get; set; } = ForwardedCalls.All;

    /// <summary>The accepted keys, one or two.</summary>
    internal IReadOnlyList<string> PinnedKeys() => string.IsNullOrEmpty(SecondPublicKey) ? [PublicKey] : [PublicKey, SecondPublicKey];
}
