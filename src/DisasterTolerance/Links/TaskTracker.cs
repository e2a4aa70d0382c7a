namespace DisasterTolerance.Links;

/// <summary>Knows the tasks that nobody waits for now, so that a stop can. Thread-safe.</summary>
internal sealed class TaskTracker
{
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _tasks = [];

    /// <summary>Keeps a task until it ends. Its errors are its own business.</summary>
    public void Add(Task task)
    {
        lock (_lock)
        {
            _tasks.Add(task);
        }

        _ = task.ContinueWith(Remove, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>A task that ends, without an error, when all tasks known now have ended.</summary>
    public async Task WhenAllAsync()
    {
        Task[] open;
        lock (_lock)
        {
            open = [.. _tasks];
        }

        await Task.WhenAll(open).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Remove(Task task)
    {
        lock (_lock)
        {
            _tasks.Remove(task);
        }
    }
}
