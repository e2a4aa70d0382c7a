namespace DisasterTolerance.Testing.Faults;

/// <summary>
/// The faults of a test, shared by all faulty decorators of one simulated process: each call over a contract passes through the plan, which lets a planned fault happen before,
/// inside or after it. Thread-safe. Deterministic: faults count matching calls, in the order in which they begin, and use no randomness; delays use the given clock.
/// </summary>
/// <example>
/// <code>
/// var plan = new FaultPlan(time);
/// plan.Add(new Fault { Operation = "Hypervisor.TakeSnapshot", OnCall = 2, Point = FaultPoint.After, Kind = FaultKind.Crash });
/// IHypervisorProvider provider = FaultyHypervisor.Wrap(inner, plan);
/// // … run, expect SimulatedCrashException, throw the engine away …
/// plan.Restart();
/// // … run again with a new engine …
/// plan.VerifyAllFired();
/// </code>
/// </example>
public sealed class FaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<Planned> _faults = [];
    private readonly Dictionary<string, int> _calls = new(StringComparer.Ordinal);
    private string? _crash;

    /// <summary>Creates a plan without faults.</summary>
    /// <param name="timeProvider">The clock of delays.</param>
    public FaultPlan(TimeProvider timeProvider) => TimeProvider = timeProvider;

    /// <summary>The clock of delays.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>
    /// Called whenever a call begins, with its operation and its subject; says how long the call waits before it has any effect. Not called by two calls at once. Null: no call waits. Default null.
    /// With waits of random length, calls of one process overtake each other in ways that in-memory providers, which answer at once, never show.
    /// </summary>
    public Func<string, string, TimeSpan>? Latency { get; set; }

    /// <summary>Called when a fault happens, with the operation of the call and the point that it has reached. Null by default.</summary>
    public Action<Fault, string, FaultPoint>? Fired { get; set; }

    /// <summary>Whether a planned crash happened and nobody restarted since.</summary>
    public bool IsCrashed => Volatile.Read(ref _crash) is not null;

    /// <summary>Plans a fault.</summary>
    /// <param name="fault">The fault.</param>
    /// <returns>This plan.</returns>
    /// <exception cref="ArgumentException">The counts are not positive.</exception>
    public FaultPlan Add(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (fault.OnCall < 1 || fault.Times < 1)
        {
            throw new ArgumentException($"{fault}: both counts begin at 1.", nameof(fault));
        }

        lock (_lock)
        {
            _faults.Add(new Planned(fault));
        }

        return this;
    }

    /// <summary>Forgets all faults, fired or not. Call counts and a crash stay.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    /// <summary>Ends a crash: calls pass again, as those of a new process. Counts and faults stay.</summary>
    public void Restart() => Volatile.Write(ref _crash, null);

    /// <summary>Lets the process "die" now, outside of any call.</summary>
    public void Crash() => Volatile.Write(ref _crash, "the test");

    /// <summary>How many calls began so far.</summary>
    /// <param name="operation">An operation's name, a family or <c>*</c>, as in <see cref="Fault.Operation"/>.</param>
    public int CountCalls(string operation)
    {
        lock (_lock)
        {
            return _calls.Where(call => Fault.MatchesOperation(operation, call.Key)).Sum(call => call.Value);
        }
    }

    /// <summary>The planned faults that did not happen, or not as often as planned (those with an unbounded count: not at all).</summary>
    public IReadOnlyList<Fault> Unfired
    {
        get
        {
            lock (_lock)
            {
                return [.. _faults.Where(planned => planned.Fired < (planned.Fault.Times == int.MaxValue ? 1 : planned.Fault.Times)).Select(planned => planned.Fault)];
            }
        }
    }

    /// <summary>Fails a test whose faults did not all happen: it did not test what it says.</summary>
    /// <exception cref="InvalidOperationException">Names the faults that did not happen.</exception>
    public void VerifyAllFired()
    {
        IReadOnlyList<Fault> unfired = Unfired;
        if (unfired.Count > 0)
        {
            throw new InvalidOperationException("Planned faults did not happen: " + string.Join("; ", unfired));
        }
    }

    /// <summary>Begins a call. A decorator then passes the points in order: <see cref="FaultCall.ReachAsync"/> before, inside if it can, and after the inner call.</summary>
    /// <param name="operation">The operation's name, <c>Contract.Member</c>.</param>
    /// <param name="subject">What the call is about, for instance a machine's uuid; empty if nothing.</param>
    /// <param name="error">Makes the contract's own transient error from a sentence.</param>
    /// <exception cref="SimulatedCrashException">The process is "dead".</exception>
    public FaultCall Begin(string operation, string subject, Func<string, Exception> error)
    {
        ThrowIfCrashed();
        List<Planned>? armed = null;
        var latency = TimeSpan.Zero;
        lock (_lock)
        {
            latency = Latency?.Invoke(operation, subject) ?? TimeSpan.Zero;
            _calls[operation] = _calls.GetValueOrDefault(operation) + 1;
            foreach (Planned planned in _faults)
            {
                if (planned.Fault.Matches(operation, subject) && planned.Count())
                {
                    (armed ??= []).Add(planned);
                }
            }
        }

        return new FaultCall(this, operation, subject, error, armed, latency);
    }

    internal void ThrowIfCrashed()
    {
        if (Volatile.Read(ref _crash) is { } place)
        {
            throw new SimulatedCrashException($"The simulated process died in {place}.");
        }
    }

    internal void Fire(Planned planned, string operation, FaultPoint point)
    {
        Fired?.Invoke(planned.Fault, operation, point);
        lock (_lock)
        {
            planned.Fired++;
        }
    }

    internal SimulatedCrashException CrashIn(string place)
    {
        Interlocked.CompareExchange(ref _crash, place, null);
        return new SimulatedCrashException($"The simulated process died in {place}.");
    }

    internal sealed class Planned(Fault fault)
    {
        private int _seen;

        public Fault Fault { get; } = fault;

        public int Fired { get; set; }

        public bool Count()
        {
            _seen++;
            return _seen >= Fault.OnCall && _seen - Fault.OnCall < Fault.Times;
        }
    }
}
