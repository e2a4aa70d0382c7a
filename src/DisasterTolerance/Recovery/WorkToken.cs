namespace DisasterTolerance.Recovery;

/// <summary>What may end a piece of work: the caller and the site before its point of no return, only the site after it. Used by one piece of work; the caller's leaving may come from any thread.</summary>
internal sealed class WorkToken : IDisposable
{
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _before;
    private readonly CancellationTokenSource _leaves = new();
    private CancellationTokenRegistration _leaving;
    private bool _isPast;

    public WorkToken(CancellationToken caller, CancellationToken life)
    {
        _caller = caller;
        Life = life;
        _before = CancellationTokenSource.CreateLinkedTokenSource(caller, life);
        CallerLeaves = _leaves.Token;
    }

    /// <summary>Ends only with the site: for giving up and for what lies behind the point of no return.</summary>
    public CancellationToken Life { get; }

    /// <summary>What the work waits with at its present point.</summary>
    public CancellationToken Now => _isPast ? Life : _before.Token;

    /// <summary>Cancelled when a caller no longer waits for work that goes on without him.</summary>
    public CancellationToken CallerLeaves { get; }

    /// <summary>From here on the work is completed, whatever the caller does.</summary>
    public void PassPointOfNoReturn()
    {
        _isPast = true;
        _leaving = _caller.UnsafeRegister(static leaves => ((CancellationTokenSource)leaves!).Cancel(), _leaves);
    }

    public void Dispose()
    {
        _leaving.Dispose();
        _before.Dispose();
        _leaves.Dispose();
    }
}
