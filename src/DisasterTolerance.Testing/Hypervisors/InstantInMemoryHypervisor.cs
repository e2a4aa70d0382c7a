using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>
/// An <see cref="InMemoryHypervisor"/> that can also start machines from network block devices and picture their consoles. It holds nothing itself: any number of them may show the same hypervisor, for
/// instance one per life of an engine. Where the block devices are is said by <see cref="InMemoryHypervisorOptions.FindExport"/>. Thread-safe.
/// </summary>
/// <param name="inner">The machines.</param>
public sealed class InstantInMemoryHypervisor(InMemoryHypervisor inner) : IHypervisorProvider, IChangedBlockTracker, IGuestAgent, IInstantBoot, IConsoleCapture
{
    /// <inheritdoc/>
    public HypervisorCapabilities Capabilities => inner.Capabilities;

    /// <inheritdoc/>
    public IAsyncEnumerable<MachineInfo> ListMachinesAsync(CancellationToken cancellationToken) => inner.ListMachinesAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<MachineInfo?> FindMachineAsync(Guid machine, CancellationToken cancellationToken) => inner.FindMachineAsync(machine, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ISnapshot> TakeSnapshotAsync(SnapshotRequest request, CancellationToken cancellationToken) => inner.TakeSnapshotAsync(request, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<string> ListSnapshotsAsync(Guid machine, CancellationToken cancellationToken) => inner.ListSnapshotsAsync(machine, cancellationToken);

    /// <inheritdoc/>
    public ValueTask ReleaseSnapshotAsync(Guid machine, string snapshot, SnapshotOutcome outcome, CancellationToken cancellationToken) =>
        inner.ReleaseSnapshotAsync(machine, snapshot, outcome, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ShutdownResult> ShutDownAsync(Guid machine, TimeSpan gracePeriod, CancellationToken cancellationToken) => inner.ShutDownAsync(machine, gracePeriod, cancellationToken);

    /// <inheritdoc/>
    public ValueTask StartAsync(Guid machine, string? host, CancellationToken cancellationToken) => inner.StartAsync(machine, host, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string> RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken) => inner.RegisterAsync(machine, definition, cancellationToken);

    /// <inheritdoc/>
    public ValueTask UnregisterAsync(Guid machine, bool deleteDisks, CancellationToken cancellationToken) => inner.UnregisterAsync(machine, deleteDisks, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ITargetDisk> OpenDiskAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken) => inner.OpenDiskAsync(machine, disk, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken) =>
        inner.GetChangedExtentsAsync(snapshot, disk, since, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> IsAliveAsync(Guid machine, CancellationToken cancellationToken) => inner.IsAliveAsync(machine, cancellationToken);

    /// <inheritdoc/>
    public ValueTask StartFromExportsAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, string? host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(exports);
        cancellationToken.ThrowIfCancellationRequested();
        inner.StartFromExports(machine, definition, exports, host);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask PullDisksAsync(Guid machine, IProgress<long>? copiedBytes, CancellationToken cancellationToken) => inner.PullDisksAsync(machine, copiedBytes, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CaptureConsoleAsync(Guid machine, Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        await destination.WriteAsync(inner.CaptureConsole(machine), cancellationToken).ConfigureAwait(false);
    }
}
