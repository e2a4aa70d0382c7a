namespace DisasterTolerance.Testing.Faults;

/// <summary>
/// Stands for the death of the process: code under test must not translate it into an expected outcome. It is not a <see cref="DisasterToleranceException"/> on purpose.
/// </summary>
public sealed class SimulatedCrashException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="message">Which call the process died in.</param>
    public SimulatedCrashException(string message)
        : base(message)
    {
    }
}
