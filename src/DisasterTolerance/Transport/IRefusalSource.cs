namespace DisasterTolerance.Transport;

/// <summary>A listener that can tell whom it refused, so that the links can show it. Found by type. Thread-safe.</summary>
internal interface IRefusalSource
{
    /// <summary>Raised with one or two sentences when somebody showed a key that no peer has. Handlers must be quick and must not throw.</summary>
    event Action<string>? KeyRefused;
}
