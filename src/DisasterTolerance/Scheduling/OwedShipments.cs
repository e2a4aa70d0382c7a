using System.Collections.Concurrent;

namespace DisasterTolerance.Scheduling;

/// <summary>The machines whose points the peer does not have yet. Only a reminder: what is really owed is read from the catalog when it is shipped. Thread-safe.</summary>
internal sealed class OwedShipments
{
    private readonly ConcurrentDictionary<Guid, byte> _machines = new();

    public void Add(Guid machine) => _machines[machine] = 0;

    public void Remove(Guid machine) => _machines.TryRemove(machine, out _);

    public IReadOnlyCollection<Guid> List() => [.. _machines.Keys];
}
