namespace DisasterTolerance;

/// <summary>A storage provider failed. Providers throw this (or a class derived from it) and nothing else but argument and cancellation exceptions.</summary>
public class StorageException : DisasterToleranceException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="code">One of the codes 1201 to 1207.</param>
    /// <param name="blob">The blob concerned, or null for the storage as a whole.</param>
    /// <param name="message">Names the object, the cause and a safe next step.</param>
    /// <param name="isTransient">Whether a retry of the same call may succeed.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public StorageException(ErrorCode code, string? blob, string message, bool isTransient = false, Exception? innerException = null)
        : base(code, message, isTransient, innerException) => Blob = blob;

    /// <summary>The blob concerned, or null for the storage as a whole.</summary>
    public string? Blob { get; }
}
