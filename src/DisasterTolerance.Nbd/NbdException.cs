namespace DisasterTolerance.Nbd;

/// <summary>
/// An NBD server answered with an error, could not be reached, or the connection to it was lost.
/// An export may throw it, too; its <see cref="Error"/> is then what the client is told.
/// </summary>
public sealed class NbdException : DisasterToleranceException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="code">What went wrong.</param>
    /// <param name="error">The number on the wire, or <see cref="NbdError.None"/> if none was sent.</param>
    /// <param name="message">Names the object, the cause and a safe next step.</param>
    /// <param name="isTransient">Whether the same call may succeed later without anybody repairing anything.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public NbdException(ErrorCode code, NbdError error, string message, bool isTransient = false, Exception? innerException = null)
        : base(code, message, isTransient, innerException) => Error = error;

    /// <summary>The number on the wire, or <see cref="NbdError.None"/> if none was sent.</summary>
    public NbdError Error { get; }
}
