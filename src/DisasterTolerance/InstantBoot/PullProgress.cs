using DisasterTolerance.Diagnostics;
using DisasterTolerance.Sites;

namespace DisasterTolerance.InstantBoot;

/// <summary>Hears how far a pull is, for people and for the deadline on progress. Thread-safe.</summary>
internal sealed class PullProgress(ProgressBoard.Entry board, ProgressDeadline deadline, long totalBytes, long begunAt) : IProgress<long>
{
    private readonly Lock _gate = new();
    private long _bytes;

    /// <summary>Bytes copied so far; what was known at the begin until more is told.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return Math.Max(_bytes, begunAt);
            }
        }
    }

    /// <summary>Whether this attempt has come further than those before it.</summary>
    public bool HasMoved
    {
        get
        {
            lock (_gate)
            {
                return _bytes > begunAt;
            }
        }
    }

    public void Report(long value)
    {
        lock (_gate)
        {
            var bytes = Math.Clamp(value, 0, totalBytes);
            if (bytes <= _bytes)
            {
                return;
            }

            board.AddDone(bytes - _bytes);
            _bytes = bytes;
        }

        deadline.Moved();
    }
}
