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

    /// <summary>The accepted keys, one or two.</summary>
    internal IReadOnlyList<string> PinnedKeys() => string.IsNullOrEmpty(SecondPublicKey) ? [PublicKey] : [PublicKey, SecondPublicKey];
}
