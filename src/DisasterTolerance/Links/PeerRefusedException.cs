namespace DisasterTolerance.Links;

/// <summary>A peer answered a request with an error. The message is the peer's own.</summary>
public sealed class PeerRefusedException : DisasterToleranceException
{
    /// <summary>Creates an exception; its <see cref="DisasterToleranceException.Code"/> is <see cref="ErrorCode.PeerRefused"/>.</summary>
    /// <param name="peer">The uuid of the peer's site.</param>
    /// <param name="peerCode">The code that the peer gave.</param>
    /// <param name="message">The message that the peer gave.</param>
    /// <param name="isTransient">Whether the peer says that the same request may succeed later.</param>
    public PeerRefusedException(Guid peer, ErrorCode peerCode, string message, bool isTransient)
        : base(ErrorCode.PeerRefused, message, isTransient)
    {
        Peer = peer;
        PeerCode = peerCode;
    }

    /// <summary>The uuid of the peer's site.</summary>
    public Guid Peer { get; }

    /// <summary>The code that the peer gave. A number that this release does not know is kept as it came.</summary>
    public ErrorCode PeerCode { get; }

    /// <summary>The peer's answer as this site's own, for whoever asked here: the same code wherever it is asked.</summary>
    /// <param name="context">What stands before the peer's message.</param>
    /// <param name="advice">What stands behind it.</param>
    internal DisasterToleranceException ToAnswer(string context = "", string advice = "") => new(PeerCode, $"{context}{Message}{advice}", IsTransient, this);
}
