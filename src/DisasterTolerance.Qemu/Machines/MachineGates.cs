using System.Collections.Concurrent;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>Lets one changing call per machine in at a time. Thread-safe.</summary>
internal sealed class MachineGates
{
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _gates = new();

    /// <summary>Waits for the machine; disposing lets the next one in.</summary>
    public async ValueTask<IDisposable> EnterAsync(Guid machine, CancellationToken cancellationToken)
    {
        var gate = _gates.GetOrAdd(machine, _ => new(1, 1));
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Pass(gate);
    }

    private sealed class Pass(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
