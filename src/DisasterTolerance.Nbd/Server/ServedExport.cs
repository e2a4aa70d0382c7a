namespace DisasterTolerance.Nbd.Server;

/// <summary>An export and the connections that use it. Thread-safe.</summary>
internal sealed class ServedExport(INbdExport export)
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _unused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _users;
    private bool _isOver;

    public INbdExport Export => export;

    /// <summary>Cancelled when its connections are to end.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Begins a use.</summary>
    /// <returns>False if the export is served no longer.</returns>
    public bool TryEnter()
    {
        lock (_gate)
        {
            _users += _isOver ? 0 : 1;
            return !_isOver;
        }
    }

    public void Leave()
    {
        lock (_gate)
        {
            if (--_users == 0 && _isOver)
            {
                _unused.TrySetResult();
            }
        }
    }

    /// <summary>Ends all uses and returns when there is none any more.</summary>
    public async ValueTask EndAsync()
    {
        lock (_gate)
        {
            _isOver = true;
            if (_users == 0)
            {
                _unused.TrySetResult();
            }
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        await _unused.Task.ConfigureAwait(false);
    }
}
