namespace DisasterTolerance.Transport;

/// <summary>Lets one message through per ten seconds and counts the others, so that a stranger cannot fill the log. Thread-safe.</summary>
internal sealed class LogBudget(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _last;
    private long _suppressed;

    /// <summary>Whether to write a message now.</summary>
    /// <param name="suppressed">How many were not written since the last one.</param>
    public bool TryTake(out long suppressed)
    {
        lock (_lock)
        {
            if (_last is { } last && time.GetElapsedTime(last) < Interval)
            {
                _suppressed++;
                suppressed = 0;
                return false;
            }

            _last = time.GetTimestamp();
            suppressed = _suppressed;
            _suppressed = 0;
            return true;
        }
    }
}
