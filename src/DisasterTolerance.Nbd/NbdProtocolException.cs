namespace DisasterTolerance.Nbd;

/// <summary>The peer sent something that the NBD protocol or a limit of this library does not allow. The connection is closed.</summary>
public sealed class NbdProtocolException : DisasterToleranceException
{
    /// <summary>Creates an exception with the code <see cref="ErrorCode.ProtocolViolation"/>, which is never transient.</summary>
    /// <param name="message">What was sent and what is allowed.</param>
    public NbdProtocolException(string message)
        : base(ErrorCode.ProtocolViolation, message)
    {
    }
}
