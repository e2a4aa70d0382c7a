using DisasterTolerance.Transport;

namespace DisasterTolerance.Links;

/// <summary>The open connections of a link, and the bytes of all that it ever had. Thread-safe.</summary>
internal sealed class TrafficLedger
{
    private readonly Lock _lock = new();
    private readonly HashSet<ILinkConnection> _open = [];
    private long _sent;
    private long _received;

    public void Add(ILinkConnection connection)
    {
        lock (_lock)
        {
            _open.Add(connection);
        }
    }

    public void Remove(ILinkConnection connection)
    {
        lock (_lock)
        {
            if (_open.Remove(connection))
            {
                _sent += connection.BytesWritten;
                _received += connection.BytesRead;
            }
        }
    }

    public (long Sent, long Received) Totals()
    {
        lock (_lock)
        {
            return (_sent + _open.Sum(c => c.BytesWritten), _received + _open.Sum(c => c.BytesRead));
        }
    }
}
