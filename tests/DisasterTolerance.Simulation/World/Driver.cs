using DisasterTolerance.Simulation.World;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// Runs a simulated world on the only thread of the pool: starts work, waits until nothing moves any more, and only then lets time go on. Takes the place of the scenarios' driver, which has a
/// thread of its own and a pool of many.
/// </summary>
internal sealed class Driver(VirtualClock clock) : IDisposable
{
    private const int MostTimers = 500_000;

    private int _timers;

    /// <summary>Called whenever nothing moves, before time goes on or the driver returns: for what the world itself has to do then.</summary>
    public Func<bool>? WhenStill { get; set; }

    /// <summary>Runs work to its end, letting time go on as far as it needs.</summary>
    public async Task RunAsync(Func<Task> work, TimeSpan within)
    {
        var until = clock.GetUtcNow() + within;
        var running = work();
        while (true)
        {
            await SettleAsync();
            if (running.IsCompleted)
            {
                await running;
                return;
            }

            var next = clock.NextDue;
            if (next is null || next > until)
            {
                throw new TimeoutException(next is null ? "The work waits for something that no timer will bring." : $"The work did not end within {within} of virtual time.");
            }

            Advance(next.Value);
        }
    }

    /// <summary>Lets time go on by a span, with all that happens meanwhile.</summary>
    public Task AdvanceAsync(TimeSpan span) => AdvanceUntilAsync(static () => false, span, mustHold: false);

    /// <summary>Lets time go on until something holds; it is asked whenever nothing moves.</summary>
    public async Task AdvanceUntilAsync(Func<bool> holds, TimeSpan within, bool mustHold = true)
    {
        var until = clock.GetUtcNow() + within;
        while (true)
        {
            await SettleAsync();
            if (holds())
            {
                return;
            }

            if (clock.NextDue is { } next && next <= until)
            {
                Advance(next);
                continue;
            }

            clock.AdvanceTo(until);
            if (mustHold)
            {
                throw new TimeoutException($"What is waited for did not happen within {within} of virtual time.");
            }

            return;
        }
    }

    /// <summary>Waits until nothing moves, without letting time go on.</summary>
    public async Task SettleAsync()
    {
        do
        {
            await OneThread.SettleAsync();
        }
        while (WhenStill?.Invoke() == true);
    }

    // A world that is busy for ever must not look like one that is slow.
    private void Advance(DateTimeOffset next)
    {
        clock.AdvanceTo(next);
        if (++_timers > MostTimers)
        {
            throw new TimeoutException($"The world is busy without end: {MostTimers} timers ran.");
        }
    }

    public void Dispose()
    {
    }
}
