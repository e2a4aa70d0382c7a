namespace DisasterTolerance;

/// <summary>
/// The one base of all exceptions that this library throws on purpose. The message names the object, the cause and a safe next step.
/// Cancellation is reported by <see cref="OperationCanceledException"/>, misuse of the API by the usual argument exceptions.
/// </summary>
public class DisasterToleranceException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="code">What went wrong.</param>
    /// <param name="message">Names the object, the cause and a safe next step.</param>
    /// <param name="isTransient">Whether the same call may succeed later without anybody repairing anything.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public DisasterToleranceException(ErrorCode code, string message, bool isTransient = false, Exception? innerException = null)
        : base(message, innerException)
    {
        Code = code;
        IsTransient = isTransient;
    }

    /// <summary>What went wrong.</summary>
    public ErrorCode Code { get; }

    /// <summary>Whether the same call may succeed later without anybody repairing anything.</summary>
    public bool IsTransient { get; }
}
