using System.Collections.Concurrent;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Runs work that may outlive its caller: until its point of no return the caller's token ends it, from then on only the site's own end does. A site that stops waits for what it cut short. Thread-safe.
/// </summary>
internal sealed class BackgroundWork(SiteContext site) : ISitePart, IDisposable
{
    private readonly CancellationTokenSource _life = new();
    private readonly ConcurrentDictionary<Task, byte> _running = new();
    private readonly ILogger _log = site.Logs.CreateLogger<BackgroundWork>();

    /// <summary>Ends when the site stops.</summary>
    public CancellationToken Life => _life.Token;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _life.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Keys).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Runs work and waits for it. A caller who cancels before the point of no return waits until the work is given up; after it he leaves at once and the work goes on.</summary>
    public async ValueTask<T> RunAsync<T>(Func<WorkToken, Task<T>> work, CancellationToken caller)
    {
        var token = new WorkToken(caller, Life);
        var running = RunToEndAsync(work, token);
        Track(running);
        return await running.WaitAsync(token.CallerLeaves).ConfigureAwait(false);
    }

    /// <summary>Runs work that the other site passed on, and waits for it as long as that site does. A link that falls is like a client that goes away: it ends nothing.</summary>
    public async ValueTask<T> OutliveAsync<T>(Func<CancellationToken, ValueTask<T>> work, CancellationToken waiting)
    {
        var running = work(Life).AsTask();
        Track(running);
        return await running.WaitAsync(waiting).ConfigureAwait(false);
    }

    /// <summary>Starts work that nobody waits for.</summary>
    public void Start(Func<CancellationToken, Task> work) => Track(work(Life));

    public void Dispose() => _life.Dispose();

    private static async Task<T> RunToEndAsync<T>(Func<WorkToken, Task<T>> work, WorkToken token)
    {
        try
        {
            return await work(token).ConfigureAwait(false);
        }
        finally
        {
            token.Dispose();
        }
    }

    private void Track(Task running)
    {
        _running[running] = 0;
        _ = ForgetAsync(running);
    }

    private async Task ForgetAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _running.TryRemove(running, out _);
        if (running.Exception?.InnerException is { } cause and not DisasterToleranceException)
        {
            Log.BackgroundFailed(_log, cause);
        }
    }
}
