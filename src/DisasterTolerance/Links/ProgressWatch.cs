using DisasterTolerance.Transport;

namespace DisasterTolerance.Links;

/// <summary>
/// Ends a connection on which a read or a write is pending and no byte has moved for too long. Looks at the connection's counters now and then, so
/// the data path pays nothing for it. Thread-safe.
/// </summary>
internal sealed class ProgressWatch : IDisposable
{
    private const int LooksPerTimeout = 10;

    private readonly ILinkConnection _connection;
    private readonly LinkOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<LinkClosing> _close;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private Wait _read;
    private Wait _write;

    public ProgressWatch(ILinkConnection connection, LinkOptions options, TimeProvider time, Action<LinkClosing> close)
    {
        _connection = connection;
        _options = options;
        _time = time;
        _close = close;
        var interval = (options.SilenceTimeout < options.StallTimeout ? options.SilenceTimeout : options.StallTimeout) / LooksPerTimeout;
        _timer = time.CreateTimer(static state => ((ProgressWatch)state!).Look(), this, interval, interval);
    }

    public void ReadBegins() => Begin(ref _read, _connection.BytesRead);

    public void ReadEnds() => End(ref _read);

    public void WriteBegins() => Begin(ref _write, _connection.BytesWritten);

    public void WriteEnds() => End(ref _write);

    public void Dispose() => _timer.Dispose();

    private void Begin(ref Wait wait, long bytes)
    {
        lock (_lock)
        {
            wait = new Wait(true, bytes, _time.GetTimestamp());
        }
    }

    private void End(ref Wait wait)
    {
        lock (_lock)
        {
            wait = default;
        }
    }

    private void Look()
    {
        LinkClosing? closing = null;
        lock (_lock)
        {
            if (HasStalled(ref _read, _connection.BytesRead, _options.SilenceTimeout))
            {
                closing = new LinkClosing(ErrorCode.LinkLost, $"silent: the peer sent nothing for {_options.SilenceTimeout.TotalSeconds} s.");
            }
            else if (HasStalled(ref _write, _connection.BytesWritten, _options.StallTimeout))
            {
                closing = new LinkClosing(ErrorCode.Stalled, $"stalled: the peer took nothing for {_options.StallTimeout.TotalSeconds} s.");
            }
        }

        if (closing is not null)
        {
            _close(closing);
        }
    }

    private bool HasStalled(ref Wait wait, long bytes, TimeSpan limit)
    {
        if (!wait.IsPending)
        {
            return false;
        }

        if (wait.Bytes != bytes)
        {
            wait = new Wait(true, bytes, _time.GetTimestamp());
            return false;
        }

        return _time.GetElapsedTime(wait.Since) >= limit;
    }

    private readonly record struct Wait(bool IsPending, long Bytes, long Since);
}
