namespace DisasterTolerance.Transport;

/// <summary>Decides when bytes may be written to the socket. Shared by all connections of a link. Thread-safe.</summary>
public interface ILinkThrottle
{
    /// <summary>Waits until some bytes may be written. Callers are served in order of arrival and in small pieces, so no connection starves.</summary>
    /// <param name="wanted">How many bytes the caller would like to write, at least 1.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is taken.</param>
    /// <returns>How many bytes may be written now, at least 1 and at most <paramref name="wanted"/>.</returns>
    ValueTask<int> TakeAsync(int wanted, CancellationToken cancellationToken);
}
