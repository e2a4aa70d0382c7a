namespace DisasterTolerance.Transport;

/// <summary>Where a peer is and which keys it may show.</summary>
/// <param name="Site">The uuid of the peer's site.</param>
/// <param name="Endpoint">Its address, <c>host:port</c>; an IPv6 address stands in brackets.</param>
/// <param name="PinnedKeys">One or two keys: SHA-256 of the SubjectPublicKeyInfo as 64 hex digits. Two while a key is being rotated.</param>
public sealed record PeerAddress(Guid Site, string Endpoint, IReadOnlyList<string> PinnedKeys);
