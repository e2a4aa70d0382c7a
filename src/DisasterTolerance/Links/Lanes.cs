namespace DisasterTolerance.Links;

/// <summary>
/// Runs work per key: one at a time for one key, different keys at the same time. Requests that come while the key's work runs are served together by one more run, so a request is always followed by
/// a whole run. Thread-safe.
/// </summary>
/// <param name="work">The work; it handles its own errors and says whether it succeeded.</param>
internal sealed class Lanes<TKey>(Func<TKey, CancellationToken, Task<bool>> work)
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Lane> _lanes = [];

    /// <summary>Runs the work of a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Ends the work, if it is this call that starts it.</param>
    /// <returns>Ends when a run that began after this call has ended: whether it succeeded. Never fails.</returns>
    public Task<bool> RunAsync(TKey key, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_lanes.TryGetValue(key, out var lane))
            {
                return (lane.Next ??= NewTurn()).Task;
            }

            lane = new Lane(NewTurn());
            _lanes.Add(key, lane);
            var task = lane.Current.Task;
            _ = Task.Run(() => RunLaneAsync(key, lane, cancellationToken), CancellationToken.None);
            return task;
        }
    }

    /// <summary>Ends when no work is running. Whoever calls it sees to it that nothing new comes.</summary>
    public async Task DrainAsync()
    {
        while (true)
        {
            Task<bool>[] running;
            lock (_gate)
            {
                running = [.. _lanes.Values.Select(lane => lane.Current.Task)];
            }

            if (running.Length == 0)
            {
                return;
            }

            await Task.WhenAll(running).ConfigureAwait(false);
            await Task.Yield();
        }
    }

    private async Task RunLaneAsync(TKey key, Lane lane, CancellationToken cancellationToken)
    {
        while (true)
        {
            var succeeded = false;
            try
            {
                succeeded = !cancellationToken.IsCancellationRequested && await work(key, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // Stopped: the turn counts as failed.
            }

            TaskCompletionSource<bool> ended;
            bool again;
            lock (_gate)
            {
                ended = lane.Current;
                again = lane.Next is not null;
                if (lane.Next is { } next)
                {
                    (lane.Current, lane.Next) = (next, null);
                }
                else
                {
                    _lanes.Remove(key);
                }
            }

            ended.SetResult(succeeded);
            if (!again)
            {
                return;
            }
        }
    }

    private static TaskCompletionSource<bool> NewTurn() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Lane(TaskCompletionSource<bool> first)
    {
        public TaskCompletionSource<bool> Current { get; set; } = first;

        public TaskCompletionSource<bool>? Next { get; set; }
    }
}
