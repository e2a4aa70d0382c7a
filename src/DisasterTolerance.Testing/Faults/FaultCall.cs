namespace DisasterTolerance.Testing.Faults;

/// <summary>One call on its way through a <see cref="FaultPlan"/>. Not thread-safe: it belongs to its call.</summary>
public readonly struct FaultCall
{
    private readonly FaultPlan _plan;
    private readonly string _operation;
    private readonly string _subject;
    private readonly Func<string, Exception> _error;
    private readonly List<FaultPlan.Planned>? _armed;
    private readonly TimeSpan _latency;

    internal FaultCall(FaultPlan plan, string operation, string subject, Func<string, Exception> error, List<FaultPlan.Planned>? armed, TimeSpan latency)
    {
        _plan = plan;
        _operation = operation;
        _subject = subject;
        _error = error;
        _armed = armed;
        _latency = latency;
    }

    /// <summary>Whether a fault is planned for a point of this call, so that a decorator splits the inner call only then.</summary>
    /// <param name="point">The point.</param>
    public bool IsPlanned(FaultPoint point) => _armed is not null && _armed.Exists(planned => planned.Fault.Point == point);

    /// <summary>Lets the faults of a point happen, in the order in which they were planned.</summary>
    /// <param name="point">The point that the call has reached.</param>
    /// <param name="cancellationToken">The call's token: ends a delay.</param>
    /// <exception cref="SimulatedCrashException">The process died here, or elsewhere meanwhile.</exception>
    public async ValueTask ReachAsync(FaultPoint point, CancellationToken cancellationToken)
    {
        _plan.ThrowIfCrashed();
        if (point == FaultPoint.Before && _latency > TimeSpan.Zero)
        {
            await Task.Delay(_latency, _plan.TimeProvider, cancellationToken).ConfigureAwait(false);
            _plan.ThrowIfCrashed();
        }

        foreach (FaultPlan.Planned planned in _armed ?? [])
        {
            Fault fault = planned.Fault;
            if (fault.Point != point)
            {
                continue;
            }

            _plan.Fire(planned, _operation, point);
            switch (fault.Kind)
            {
                case FaultKind.Error:
                    throw fault.Error?.Invoke() ?? _error($"Planned fault: {fault} ({_subject}).");
                case FaultKind.Crash:
                    throw _plan.CrashIn($"{_operation} ({_subject}), {point}");
                case FaultKind.Delay:
                    await Task.Delay(fault.Delay, _plan.TimeProvider, cancellationToken).ConfigureAwait(false);
                    break;
                case FaultKind.Action when fault.Action is not null:
                    await fault.Action(cancellationToken).ConfigureAwait(false);
                    break;
                default:
                    break;
            }

            _plan.ThrowIfCrashed();
        }
    }
}
