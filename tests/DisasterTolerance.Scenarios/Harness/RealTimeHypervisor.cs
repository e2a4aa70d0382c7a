using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>A hypervisor that waits on the real clock, inside a simulated world: a thread of the pool waits with it, so that the driver does not let time go on meanwhile. Thread-safe.</summary>
internal sealed class RealTimeHypervisor(IHypervisorProvider inner) : IHypervisorProvider
{
    public HypervisorCapabilities Capabilities => inner.Capabilities;

    public async ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken) =>
        await Task.Run(() => inner.TakeSnapshotAsync(request, cancellationToken).AsTask().GetAwaiter().GetResult(), cancellationToken);

    public IAsyncEnumerable<MachineInfo> ListMachinesAsync(CancellationToken cancellationToken) => inner.ListMachinesAsync(cancellationToken);

    public ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) => inner.FindMachineAsync(machine, cancellationToken);

    public IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, CancellationToken cancellationToken) => inner.ListSnapshotsAsync(machine, cancellationToken);

    public ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken) =>
        inner.ReleaseSnapshotAsync(machine, snapshot, outcome, cancellationToken);

    public ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken) => inner.ShutDownAsync(machine, gracePeriod, cancellationToken);

    public ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken) => inner.StartAsync(machine, host, cancellationToken);

    public ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken) => inner.RegisterAsync(machine, definition, cancellationToken);

    public ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken) => inner.UnregisterAsync(machine, deleteDisks, cancellationToken);

    public ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken) => inner.OpenDiskAsync(machine, disk, cancellationToken);
}
