using DisasterTolerance.Catalog;

namespace DisasterTolerance;

/// <summary>Links between this site and its configured peers. Thread-safe.</summary>
public interface ILinkManager
{
    /// <summary>Adds a link to a configured peer and mirrors it to the peer when that answers.</summary>
    /// <param name="specification">The link.</param>
    /// <param name="cancellationToken">Ends the call; the link is then added or not.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/>, <see cref="ErrorCode.NotFound"/> for a peer that is not configured, <see cref="ErrorCode.AlreadyExists"/>.</exception>
    ValueTask<LinkView> AddAsync(LinkSpecification specification, CancellationToken cancellationToken = default);

    /// <summary>Changes the transport limit of a link; it takes effect within a second.</summary>
    /// <param name="link">The link's uuid.</param>
    /// <param name="limitBytesPerSecond">Bytes per second and direction, at least 1; -1 for no limit.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>, <see cref="ErrorCode.InvalidArgument"/>.</exception>
    ValueTask<LinkView> EditAsync(Guid link, long limitBytesPerSecond, string actor, CancellationToken cancellationToken = default);

    /// <summary>Deletes a link that no plan uses.</summary>
    /// <param name="link">The link's uuid.</param>
    /// <param name="actor">Who asks, for the audit log.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>, <see cref="ErrorCode.Conflict"/> while plans use it.</exception>
    ValueTask DeleteAsync(Guid link, string actor, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds out whether hosts of one side of a link answer on the link's port when the other side dials them, and hold that side's key. Only hosts that are configured as the peer's
    /// (<see cref="Links.PeerOptions.Endpoint"/>, <see cref="Links.PeerOptions.Hosts"/>) are dialled; any other counts as one that does not answer. Takes 5 s at the most.
    /// </summary>
    /// <param name="link">The link's uuid.</param>
    /// <param name="from">The side that dials: this site, or the other one, which is then asked to.</param>
    /// <param name="hosts">1 to 64 host names or addresses of the other side, without a port.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether all of them answer. Why one does not is only told in the log of the side that dials.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>, <see cref="ErrorCode.InvalidArgument"/>; <see cref="ErrorCode.PeerUnreachable"/> or
    /// <see cref="ErrorCode.PeerRefused"/> if the other side is to dial.</exception>
    ValueTask<bool> CheckAsync(Guid link, Guid from, IReadOnlyList<string> hosts, CancellationToken cancellationToken = default);

    /// <summary>All links, newest first, with their live state.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<IReadOnlyList<LinkView>> ListAsync(CancellationToken cancellationToken = default);
}

/// <summary>A link to add. Immutable.</summary>
/// <param name="SideA">One site.</param>
/// <param name="SideAName">Its name for people.</param>
/// <param name="SideB">The other site. One of the two is this site.</param>
/// <param name="SideBName">Its name for people.</param>
/// <param name="LimitBytesPerSecond">Bytes per second and direction on the wire, at least 1; -1 for no limit.</param>
/// <param name="Relation">Names of both ends in the author's order.</param>
/// <param name="Actor">Who asks, for the audit log.</param>
public sealed record LinkSpecification(
    Guid SideA, string SideAName, Guid SideB, string SideBName, long LimitBytesPerSecond, IReadOnlyList<string> Relation, string Actor);

/// <summary>A link and its live state at one instant. Immutable.</summary>
/// <param name="Link">The link.</param>
/// <param name="IsUp">Whether the peer answers.</param>
/// <param name="Since">Since when.</param>
/// <param name="Reason">Why it is down; empty while it is up.</param>
/// <param name="ClockSkew">The peer's clock minus this site's; null if unknown.</param>
/// <param name="BytesSent">Bytes written to the wire since this process started.</param>
/// <param name="BytesReceived">Bytes read from the wire since this process started.</param>
public sealed record LinkView(LinkRow Link, bool IsUp, DateTimeOffset Since, string Reason, TimeSpan? ClockSkew, long BytesSent, long BytesReceived);
