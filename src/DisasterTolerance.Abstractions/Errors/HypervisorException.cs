namespace DisasterTolerance;

/// <summary>A hypervisor provider failed. Providers throw this (or a class derived from it) and nothing else but argument and cancellation exceptions.</summary>
public class HypervisorException : DisasterToleranceException
{
    /// <summary>Creates an exception.</summary>
    /// <param name="code">One of the codes 1401 to 1407.</param>
    /// <param name="machine">The machine's uuid on this site, or null if no single machine is concerned.</param>
    /// <param name="message">Names the object, the cause and a safe next step.</param>
    /// <param name="isTransient">Whether a retry of the same call may succeed.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public HypervisorException(ErrorCode code, Guid? machine, string message, bool isTransient = false, Exception? innerException = null)
        : base(code, message, isTransient, innerException) => Machine = machine;

    /// <summary>The machine's uuid on this site, or null if no single machine is concerned.</summary>
    public Guid? Machine { get; }
}
