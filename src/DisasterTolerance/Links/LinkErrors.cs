namespace DisasterTolerance.Links;

/// <summary>The exceptions of the session layer.</summary>
internal static class LinkErrors
{
    public static DisasterToleranceException Violation(string what) =>
        new(ErrorCode.ProtocolViolation, $"{what} The connection was closed. Bring both sites to the same release.");

    public static DisasterToleranceException Lost(string why, Exception? cause = null) =>
        new(ErrorCode.LinkLost, $"The link was lost: {why}", isTransient: true, cause);

    public static DisasterToleranceException Unreachable(string peerName, string why) =>
        new(ErrorCode.PeerUnreachable, $"Peer '{peerName}' cannot be reached: {why}", isTransient: true);
}
