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
        Gate? gate;
        lock (_lock)
        {
            if (!_gates.TryGetValue(machine, out gate))
            {
                _gates.Add(machine, gate = new Gate());
            }

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
}
