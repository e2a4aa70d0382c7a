namespace DisasterTolerance.Links;

/// <summary>What this site knows about a peer at one instant. Immutable. Unknown is null.</summary>
internal sealed record PeerState
{
    /// <summary>Whether the control connection is open and alive.</summary>
    public required bool IsUp { get; init; }

    /// <summary>Since when <see cref="IsUp"/> has its value.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Why the link is down, in plain words; empty while it is up.</summary>
    public required string Reason { get; init; }

    /// <summary>The code of <see cref="Reason"/>; <see cref="ErrorCode.None"/> while the link is up or was never tried.</summary>
    public ErrorCode Code { get; init; }

    /// <summary>The peer's clock minus ours, measured by the heartbeat.</summary>
    public TimeSpan? ClockSkew { get; init; }

    /// <summary>Time of a heartbeat there and back.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>The protocol version in use, 0 while never connected.</summary>
    public int Version { get; init; }

    /// <summary>The name that the peer gives itself.</summary>
    public string? AnnouncedName { get; init; }

    /// <summary>The peer's store, as it said in its last handshake.</summary>
    public Guid? PeerStoreId { get; init; }

    /// <summary>The generation of the peer's store, as it said in its last handshake.</summary>
    public long? PeerStoreGeneration { get; init; }

    /// <summary>The peer's catalog, as it said in its last handshake.</summary>
    public Guid? PeerCatalogId { get; init; }

    /// <summary>Bytes written to sockets of this link since the process started.</summary>
    public long BytesSent { get; init; }

    /// <summary>Bytes read from sockets of this link since the process started.</summary>
    public long BytesReceived { get; init; }
}
