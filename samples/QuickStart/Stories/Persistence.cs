using System.Diagnostics;
using DisasterTolerance.QuickStart.Sites;

namespace DisasterTolerance.QuickStart.Stories;

/// <summary>Does a piece of work until it is done, also when a site's process dies in the middle: starts it again, looks what became of the work, and goes on.</summary>
internal sealed class Persistence(IReadOnlyList<SiteProcess> sites, Action<string> say)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Tries until it is found done.</summary>
    /// <param name="what">What is done, for the message if it never is.</param>
    /// <param name="isDone">Looks whether it is done.</param>
    /// <param name="attempt">Does it; may be called again after a failure that may pass.</param>
    public async Task UntilAsync(string what, Func<Task<bool>> isDone, Func<Task> attempt, CancellationToken cancellationToken)
    {
        var quietSince = Stopwatch.GetTimestamp();
        string last = "it was not found done";
        while (true)
        {
            try
            {
                await StartWantedAsync(cancellationToken);
                if (await isDone())
                {
                    return;
                }

                var started = Stopwatch.GetTimestamp();
                await attempt();
                if (await isDone())
                {
                    return;
                }

                if (Stopwatch.GetElapsedTime(started) > Patience)
                {
                    // Long work is no lack of progress.
                    quietSince = Stopwatch.GetTimestamp();
                }
            }
            catch (ApiException error) when (error.IsAlreadyThere)
            {
                // It was made before, and is not found done yet.
                last = error.Message;
            }
            catch (Exception error) when (error is SiteEndedException or ApiException { IsTransient: true })
            {
                if (error.Message != last)
                {
                    last = error.Message;
                    say($"{what} is tried again: {last}");
                }
            }

            if (Stopwatch.GetElapsedTime(quietSince) > Patience)
            {
                throw new StoryException($"{what} was not done within {Patience.TotalSeconds:F0} s: {last}");
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    /// <summary>Waits until something is so.</summary>
    public Task UntilAsync(string what, Func<Task<bool>> isSo, CancellationToken cancellationToken) =>
        UntilAsync(what, isSo, () => Task.CompletedTask, cancellationToken);

    /// <summary>Does something once, again after a failure that may pass.</summary>
    public Task OnceAsync(string what, Func<Task> work, CancellationToken cancellationToken)
    {
        var done = false;
        return UntilAsync(what, () => Task.FromResult(done), async () => { await work(); done = true; }, cancellationToken);
    }

    /// <summary>Starts again what ended unexpectedly.</summary>
    /// <exception cref="SiteEndedException">It ended again.</exception>
    public async Task StartWantedAsync(CancellationToken cancellationToken)
    {
        foreach (var site in sites)
        {
            await site.EnsureRunningAsync(say, cancellationToken);
        }
    }
}
