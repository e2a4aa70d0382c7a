namespace DisasterTolerance.Diagnostics;

/// <summary>
/// Ends work in which nothing moves any more. The work uses <see cref="Token"/> for everything that it waits for and calls <see cref="Moved"/> whenever something was done; if that stays away for the
/// deadline, the token is cancelled and <see cref="Explain"/> turns the cancellation into <see cref="ErrorCode.Stalled"/>. Thread-safe.
/// </summary>
internal sealed class ProgressDeadline : IDisposable
{
    private readonly string _work;
    private readonly TimeSpan _deadline;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stalled;
    private readonly CancellationTokenSource _linked;

    /// <summary>Begins the deadline.</summary>
    /// <param name="clock">Where time comes from.</param>
    /// <param name="deadline">How long nothing may move.</param>
    /// <param name="work">What is done, for the message: <c>"Capturing disk 'disk0' of machine 'vm2'"</c>.</param>
    /// <param name="cancellationToken">The caller's own reason to end.</param>
    public ProgressDeadline(TimeProvider clock, TimeSpan deadline, string work, CancellationToken cancellationToken)
    {
        _work = work;
        _deadline = deadline;
        _caller = cancellationToken;
        _stalled = new CancellationTokenSource(deadline, clock);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(_stalled.Token, cancellationToken);
    }

    /// <summary>Cancelled by the caller or by the deadline.</summary>
    public CancellationToken Token => _linked.Token;

    /// <summary>Whether the deadline, and not the caller, ended the work.</summary>
    public bool IsStalled => _stalled.IsCancellationRequested && !_caller.IsCancellationRequested;

    /// <summary>Something was done: the deadline begins anew.</summary>
    public void Moved()
    {
        if (!_stalled.IsCancellationRequested)
        {
            _stalled.CancelAfter(_deadline);
        }
    }

    /// <summary>What to throw instead of a cancellation that the deadline caused.</summary>
    public DisasterToleranceException Explain(OperationCanceledException cause) => new(
        ErrorCode.Stalled,
        $"{_work}: nothing moved for {_deadline.TotalSeconds:0.#} s. Look for a slow or hanging storage, hypervisor or link; the work can be started again.",
        isTransient: true,
        cause);

    /// <inheritdoc/>
    public void Dispose()
    {
        _linked.Dispose();
        _stalled.Dispose();
    }
}
