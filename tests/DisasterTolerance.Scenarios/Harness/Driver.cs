using System.Collections.Concurrent;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// Runs a simulated world: starts work, waits until nothing moves any more, and only then lets time go on. Everything in the world is in memory, so "nothing moves" is known for certain: the thread
/// pool has no work left. That needs a pool of its own, so tests with a driver do not run in parallel; the driver itself has a thread of its own.
/// </summary>
internal sealed class Driver : IDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(2);

    private readonly VirtualClock _clock;
    private readonly BlockingCollection<Action> _orders = [];
    private readonly Thread _thread;

    public Driver(VirtualClock clock)
    {
        _clock = clock;
        _thread = new Thread(Loop) { IsBackground = true, Name = "scenario driver" };
        _thread.Start();
    }

    /// <summary>Called whenever nothing moves, before time goes on or the driver returns: for what the world itself has to do then.</summary>
    public Func<bool>? WhenStill { get; set; }

    /// <summary>Runs work to its end, letting time go on as far as it needs.</summary>
    /// <param name="work">Started on the driver's thread.</param>
    /// <param name="within">Virtual time after which the work counts as hung.</param>
    public Task RunAsync(Func<Task> work, TimeSpan within) => Order(() =>
    {
        var until = _clock.GetUtcNow() + within;
        var running = work();
        while (true)
        {
            Settle();
            if (running.IsCompleted)
            {
                running.GetAwaiter().GetResult();
                return;
            }

            var next = _clock.NextDue;
            if (next is null || next > until)
            {
                throw new TimeoutException(next is null ? "The work waits for something that no timer will bring." : $"The work did not end within {within} of virtual time.");
            }

            _clock.AdvanceTo(next.Value);
        }
    });

    /// <summary>Lets time go on by a span, with all that happens meanwhile.</summary>
    public Task AdvanceAsync(TimeSpan span) => AdvanceUntilAsync(static () => false, span, mustHold: false);

    /// <summary>Lets time go on until something holds; it is asked whenever nothing moves.</summary>
    public Task AdvanceUntilAsync(Func<bool> holds, TimeSpan within, bool mustHold = true) => Order(() =>
    {
        var until = _clock.GetUtcNow() + within;
        while (true)
        {
            Settle();
            if (holds())
            {
                return;
            }

            if (_clock.NextDue is not { } next || next > until)
            {
                _clock.AdvanceTo(until);
                if (mustHold)
                {
                    throw new TimeoutException($"What the test waits for did not happen within {within} of virtual time.");
                }

                return;
            }

            _clock.AdvanceTo(next);
        }
    });

    /// <summary>Waits until nothing moves, without letting time go on.</summary>
    public Task SettleAsync() => Order(Settle);

    public void Dispose()
    {
        _orders.CompleteAdding();
        _thread.Join();
        _orders.Dispose();
    }

    private void Loop()
    {
        foreach (var order in _orders.GetConsumingEnumerable())
        {
            order();
        }
    }

    private Task Order(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _orders.Add(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private void Settle()
    {
        do
        {
            WaitForPool();
        }
        while (WhenStill?.Invoke() == true);
    }

    private static void WaitForPool()
    {
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        var spin = new SpinWait();
        for (var quiet = 0; quiet < 3;)
        {
            ThreadPool.GetMaxThreads(out var most, out _);
            ThreadPool.GetAvailableThreads(out var free, out _);
            quiet = ThreadPool.PendingWorkItemCount == 0 && free == most ? quiet + 1 : 0;
            if (quiet == 0)
            {
                spin.SpinOnce(sleep1Threshold: -1);
                if (System.Diagnostics.Stopwatch.GetElapsedTime(begun) > HangLimit)
                {
                    throw new TimeoutException($"The world does not come to rest: {most - free} threads work, {ThreadPool.PendingWorkItemCount} items wait.");
                }
            }
        }
    }
}
