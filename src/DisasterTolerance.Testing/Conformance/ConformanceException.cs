namespace DisasterTolerance.Testing.Conformance;

/// <summary>A provider does not keep a sentence of its contract. The message says which one and what was seen.</summary>
public sealed class ConformanceException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="message">The sentence, and what was seen.</param>
    /// <param name="innerException">What the provider threw instead, if anything.</param>
    public ConformanceException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
