using System.Threading.RateLimiting;

namespace DisasterTolerance.Transport;

/// <summary>
/// A token bucket of bytes per second, shared by the connections of a link in one direction. Waiters are served first come, first served and in small pieces; a
/// connection that wants more queues again behind the others. A piece is given as soon as the bucket is not empty and may leave a debt, so that
/// slow links still write pieces of a useful size. Bucket and piece are small enough that any ten seconds stay within two percent of the limit.
/// </summary>
internal sealed class LinkRateLimiter : RateLimiter, ILinkThrottle
{
    /// <summary>The limit that limits nothing.</summary>
    public const long Unlimited = -1;

    private const double BucketSeconds = 0.1;
    private const double PieceSeconds = 0.05;
    private const int MaxPieceBytes = 64 * 1024;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly LinkedList<Waiter> _waiters = new();
    private long _rate;
    private double _tokens;
    private long _filledAt;
    private long _granted;
    private bool _disposed;

    /// <summary>Creates a full bucket.</summary>
    /// <param name="bytesPerSecond">At least 1, or <see cref="Unlimited"/>.</param>
    /// <param name="time">Where time comes from.</param>
    public LinkRateLimiter(long bytesPerSecond, TimeProvider time)
    {
        ThrowIfNotALimit(bytesPerSecond);
        _time = time;
        _rate = bytesPerSecond;
        _filledAt = time.GetTimestamp();
        _tokens = Capacity;
        _timer = time.CreateTimer(static state => ((LinkRateLimiter)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The limit in bytes per second, or <see cref="Unlimited"/>.</summary>
    public long BytesPerSecond
    {
        get
        {
            lock (_lock)
            {
                return _rate;
            }
        }
    }

    /// <inheritdoc/>
    public override TimeSpan? IdleDuration => null;

    private double Capacity => Math.Max(0, _rate * BucketSeconds);

    private int PieceBytes => (int)Math.Clamp(_rate * PieceSeconds, 1, MaxPieceBytes);

    /// <summary>Changes the limit. Waiters go on under the new one at once; a debt of the old one is cut to a piece of the new one.</summary>
    public void SetLimit(long bytesPerSecond)
    {
        ThrowIfNotALimit(bytesPerSecond);
        lock (_lock)
        {
            Fill_NeedsLock();
            _rate = bytesPerSecond;
            _tokens = _rate == Unlimited ? 0 : Math.Clamp(_tokens, -PieceBytes, Capacity);
            Serve_NeedsLock();
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> TakeAsync(int wanted, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(wanted);
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Fill_NeedsLock();
            if (_waiters.Count == 0 && TryGrant_NeedsLock(wanted, out var granted))
            {
                return ValueTask.FromResult(granted);
            }

            waiter = new Waiter(this, wanted);
            _waiters.AddLast(waiter.Node);
            Arm_NeedsLock();
        }

        return waiter.WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public override RateLimiterStatistics GetStatistics()
    {
        lock (_lock)
        {
            Fill_NeedsLock();
            return new RateLimiterStatistics
            {
                CurrentAvailablePermits = _rate == Unlimited ? long.MaxValue : (long)Math.Max(0, _tokens),
                CurrentQueuedCount = _waiters.Sum(w => (long)w.Wanted),
                TotalSuccessfulLeases = _granted,
            };
        }
    }

    /// <inheritdoc/>
    protected override RateLimitLease AttemptAcquireCore(int permitCount)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Fill_NeedsLock();
            if (_rate != Unlimited && (_waiters.Count > 0 || _tokens <= 0 || permitCount > PieceBytes))
            {
                return Lease.Refused;
            }

            _ = permitCount == 0 || TryGrant_NeedsLock(permitCount, out _);
            return Lease.Given;
        }
    }

    /// <inheritdoc/>
    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        while (permitCount > 0)
        {
            permitCount -= await TakeAsync(permitCount, cancellationToken).ConfigureAwait(false);
        }

        return Lease.Given;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (!disposing)
        {
            return;
        }

        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _timer.Dispose();
            foreach (var waiter in _waiters)
            {
                waiter.Fail(new ObjectDisposedException(nameof(LinkRateLimiter)));
            }

            _waiters.Clear();
        }

        base.Dispose(disposing);
    }

    private static void ThrowIfNotALimit(long bytesPerSecond)
    {
        if (bytesPerSecond is not Unlimited and < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(bytesPerSecond), bytesPerSecond, "A limit is at least 1 byte per second, or -1 for unlimited.");
        }
    }

    private void OnTimer()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                Fill_NeedsLock();
                Serve_NeedsLock();
            }
        }
    }

    private void Fill_NeedsLock()
    {
        var now = _time.GetTimestamp();
        if (_rate != Unlimited)
        {
            _tokens = Math.Min(Capacity, _tokens + _rate * _time.GetElapsedTime(_filledAt, now).TotalSeconds);
        }

        _filledAt = now;
    }

    private bool TryGrant_NeedsLock(int wanted, out int granted)
    {
        granted = _rate == Unlimited ? wanted : Math.Min(wanted, PieceBytes);
        if (_rate != Unlimited)
        {
            if (_tokens <= 0)
            {
                return false;
            }

            _tokens -= granted;
        }

        _granted++;
        return true;
    }

    private void Serve_NeedsLock()
    {
        while (_waiters.First is { } node && TryGrant_NeedsLock(node.Value.Wanted, out var granted))
        {
            _waiters.Remove(node);
            node.Value.Grant(granted);
        }

        Arm_NeedsLock();
    }

    private void Arm_NeedsLock()
    {
        if (_waiters.Count > 0 && _rate != Unlimited)
        {
            var wait = TimeSpan.FromSeconds(Math.Min(3600, -_tokens / _rate));
            _timer.Change(wait < ShortestWait ? ShortestWait : wait, Timeout.InfiniteTimeSpan);
        }
    }

    private sealed class Waiter
    {
        private readonly LinkRateLimiter _owner;
        private readonly TaskCompletionSource<int> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Waiter(LinkRateLimiter owner, int wanted)
        {
            _owner = owner;
            Wanted = wanted;
            Node = new LinkedListNode<Waiter>(this);
        }

        public int Wanted { get; }

        public LinkedListNode<Waiter> Node { get; }

        public void Grant(int bytes) => _result.TrySetResult(bytes);

        public void Fail(Exception exception) => _result.TrySetException(exception);

        public async ValueTask<int> WaitAsync(CancellationToken cancellationToken)
        {
            using (cancellationToken.UnsafeRegister(static (state, token) => ((Waiter)state!).Cancel(token), this))
            {
                return await _result.Task.ConfigureAwait(false);
            }
        }

        private void Cancel(CancellationToken token)
        {
            lock (_owner._lock)
            {
                if (Node.List is not null)
                {
                    _owner._waiters.Remove(Node);
                }
            }

            _result.TrySetCanceled(token);
        }
    }

    private sealed class Lease(bool acquired) : RateLimitLease
    {
        public static readonly Lease Given = new(true);
        public static readonly Lease Refused = new(false);

        public override bool IsAcquired => acquired;

        public override IEnumerable<string> MetadataNames => [];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = null;
            return false;
        }
    }
}
