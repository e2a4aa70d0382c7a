namespace DisasterTolerance.Recovery;

/// <summary>How two sites' clocks differ, as the link's heartbeat measured it. Immutable.</summary>
/// <param name="PeerAhead">The peer's clock minus this site's; negative if the peer's clock is behind.</param>
/// <param name="Uncertainty">How far the true value may be away from that, half of the round trip or more. Not negative.</param>
internal readonly record struct ClockSkew(TimeSpan PeerAhead, TimeSpan Uncertainty)
{
    /// <summary>The earliest that a time on the peer's clock may have been, on this site's clock.</summary>
    /// <param name="peerTime">Time on the peer's clock.</param>
    public DateTimeOffset EarliestHere(DateTimeOffset peerTime) => peerTime - PeerAhead - Uncertainty;
}
