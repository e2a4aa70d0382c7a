namespace DisasterTolerance.InstantBoot;

/// <summary>One machine's pull in this process. All members but <see cref="StopAsync"/> and <see cref="Token"/> are used under the owner's lock.</summary>
/// <param name="life">Ends with the site.</param>
internal sealed class PullWorker(CancellationToken life) : IDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(life);

    /// <summary>Ends the work.</summary>
    public CancellationToken Token { get; private set; }

    /// <summary>Whether somebody wanted it to begin while it ran.</summary>
    public bool IsWantedAgain { get; set; }

    /// <summary>Whether somebody stops it, who then disposes it.</summary>
    public bool IsStopping { get; set; }

    /// <summary>The work.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    public Task Start(Func<CancellationToken, Task> work)
    {
        Token = _stop.Token;
        return Running = Task.Run(() => work(Token), CancellationToken.None);
    }

    /// <summary>Cancels the work and waits for its end.</summary>
    public async ValueTask StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    public void Dispose() => _stop.Dispose();
}
