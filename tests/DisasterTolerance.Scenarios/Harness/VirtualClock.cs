namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// The time of a simulated world. It stands still until the driver advances it, always exactly to the next timer, so what happens at two instants never mixes. Timers run on the driver's thread.
/// Thread-safe; one driver.
/// </summary>
internal sealed class VirtualClock(DateTimeOffset begin) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<VirtualTimer, (long Due, long Order)> _queue = new();
    private long _now = begin.UtcTicks;
    private long _order;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>When the next timer is due; null if there is none.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_gate)
            {
                DropStale();
                return _queue.TryPeek(out _, out var priority) ? new DateTimeOffset(priority.Due, TimeSpan.Zero) : null;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _now), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Goes to an instant and runs one timer that is due there.</summary>
    /// <param name="instant">Not before now, and not after the next timer.</param>
    public void AdvanceTo(DateTimeOffset instant)
    {
        VirtualTimer? due = null;
        lock (_gate)
        {
            _now = Math.Max(_now, instant.UtcTicks);
            DropStale();
            if (_queue.TryPeek(out var first, out var priority) && priority.Due <= _now)
            {
                _queue.Dequeue();
                due = first;
                first.Scheduled = first.Period is { } period ? Enqueue(first, _now + period.Ticks) : null;
            }
        }

        due?.Run();
    }

    private (long, long) Enqueue(VirtualTimer timer, long due)
    {
        var priority = (due, ++_order);
        _queue.Enqueue(timer, priority);
        return priority;
    }

    private void DropStale()
    {
        while (_queue.TryPeek(out var first, out var priority) && first.Scheduled != priority)
        {
            _queue.Dequeue();
        }
    }

    private sealed class VirtualTimer(VirtualClock clock, TimerCallback callback, object? state) : ITimer
    {
        /// <summary>The entry in the queue that counts; older ones of the same timer are stale. Guarded by the clock's lock.</summary>
        public (long Due, long Order)? Scheduled { get; set; }

        public TimeSpan? Period { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                Period = period > TimeSpan.Zero ? period : null;
                Scheduled = dueTime < TimeSpan.Zero ? null : clock.Enqueue(this, clock._now + dueTime.Ticks);
                return true;
            }
        }

        public void Run() => callback(state);

        public void Dispose()
        {
            lock (clock._gate)
            {
                Scheduled = null;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
