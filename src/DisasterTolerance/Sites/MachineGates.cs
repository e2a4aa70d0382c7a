namespace DisasterTolerance.Sites;

/// <summary>
/// One lock per machine: whoever changes a machine's ownership, branch, disks or points on this site holds it. Shipping runs beside it. Thread-safe; not re-entrant.
/// </summary>
internal sealed class MachineGates
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, Gate> _gates = [];

    /// <summary>Waits for the machine's lock; disposing the result gives it back.</summary>
    public async ValueTask<IDisposable> EnterAsync(Guid machine, CancellationToken cancellationToken)
    {
        Gate gate;
        lock (_lock)
        {
            gate = FindLocked(machine);
            gate.Users++;
        }

        try
        {
            await gate.Semaphore.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave(machine, gate, held: false);
            throw;
        }

        return new Holder(this, machine, gate);
    }

    /// <summary>
    /// Waits for the machine's lock and one of a number of places together. Neither is held while the other is waited for: a machine whose lock is held for hours must not take a place from the others,
    /// and one that waits for a place can be recovered meanwhile.
    /// </summary>
    public async ValueTask<IDisposable> EnterAsync(Guid machine, SemaphoreSlim places, CancellationToken cancellationToken)
    {
        while (true)
        {
            await places.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (TryEnter(machine) is { } held)
            {
                return new Place(held, places);
            }

            places.Release();
            (await EnterAsync(machine, cancellationToken).ConfigureAwait(false)).Dispose();
        }
    }

    private Holder? TryEnter(Guid machine)
    {
        lock (_lock)
        {
            var gate = FindLocked(machine);
            if (!gate.Semaphore.Wait(0))
            {
                return null;
            }

            gate.Users++;
            return new Holder(this, machine, gate);
        }
    }

    private Gate FindLocked(Guid machine)
    {
        if (!_gates.TryGetValue(machine, out var gate))
        {
            _gates.Add(machine, gate = new Gate());
        }

        return gate;
    }

    private void Leave(Guid machine, Gate gate, bool held)
    {
        lock (_lock)
        {
            if (held)
            {
                gate.Semaphore.Release();
            }

            if (--gate.Users == 0)
            {
                _gates.Remove(machine);
                gate.Semaphore.Dispose();
            }
        }
    }

    private sealed class Gate
    {
        public SemaphoreSlim Semaphore { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Holder(MachineGates owner, Guid machine, Gate gate) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                owner.Leave(machine, gate, held: true);
            }
        }
    }

    private sealed class Place(Holder held, SemaphoreSlim places) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                held.Dispose();
                places.Release();
            }
        }
    }
}
