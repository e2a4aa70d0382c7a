namespace DisasterTolerance.Testing.Links;

/// <summary>What is wrong with one direction of a link, for all its connections, and what has gone over it. Thread-safe.</summary>
internal sealed class SimulatedLane
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _open = NewOpened();
    private long _bytes;
    private long? _cutAt;
    private long? _flipAt;
    private TimeSpan _delay;

    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    public TimeSpan Delay
    {
        get
        {
            lock (_lock)
            {
                return _delay;
            }
        }

        set
        {
            lock (_lock)
            {
                _delay = value;
            }
        }
    }

    /// <summary>Ends when the direction is no black hole.</summary>
    public Task Open
    {
        get
        {
            lock (_lock)
            {
                return _open.Task;
            }
        }
    }

    public void SetBlackHole(bool isOn)
    {
        lock (_lock)
        {
            if (isOn && _open.Task.IsCompleted)
            {
                _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
            else if (!isOn)
            {
                _open.TrySetResult();
            }
        }
    }

    public void CutAfter(long bytes)
    {
        lock (_lock)
        {
            _cutAt = _bytes + bytes;
        }
    }

    public void FlipAfter(long bytes)
    {
        lock (_lock)
        {
            _flipAt = _bytes + bytes;
        }
    }

    public void Repair()
    {
        lock (_lock)
        {
            _cutAt = null;
            _flipAt = null;
            _delay = TimeSpan.Zero;
            _open.TrySetResult();
        }
    }

    /// <summary>Decides about the next bytes: how many of them pass, which one is damaged, and whether the cut comes then. A cut and a flip happen once.</summary>
    public (int Passes, int? Flip, bool Cuts) Take(int wanted)
    {
        lock (_lock)
        {
            var passes = wanted;
            var cuts = false;
            if (_cutAt is { } cut && cut <= _bytes + wanted)
            {
                passes = (int)(cut - _bytes);
                cuts = true;
                _cutAt = null;
            }

            int? flip = null;
            if (_flipAt is { } at && at < _bytes + passes)
            {
                flip = (int)(at - _bytes);
                _flipAt = null;
            }

            _bytes += passes;
            return (passes, flip, cuts);
        }
    }

    private static TaskCompletionSource NewOpened()
    {
        var source = new TaskCompletionSource();
        source.SetResult();
        return source;
    }
}
