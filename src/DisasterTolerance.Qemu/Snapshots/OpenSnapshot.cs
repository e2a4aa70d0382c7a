using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>A snapshot that this process has open: what all handles on it share. Thread-safe. Ends with its release.</summary>
internal sealed class OpenSnapshot : IAsyncDisposable
{
    private readonly BlockHosts.Lease? _lease;
    private readonly SnapshotWatch? _watch;
    private volatile string? _fault;

    public OpenSnapshot(SnapshotEntry entry, Guid machine, MachineDefinition definition, IReadOnlyList<SnapshotDisk> disks, BlockHosts.Lease? lease, SnapshotWatch? watch)
    {
        (Entry, Machine, Definition, Disks, _lease, _watch) = (entry, machine, definition, disks, lease, watch);
        watch?.Begin(this);
    }

    public SnapshotEntry Entry { get; }

    public Guid Machine { get; }

    public MachineDefinition Definition { get; }

    public IReadOnlyList<SnapshotDisk> Disks { get; }

    /// <summary>The process that serves it; null if it has no block disks.</summary>
    public BlockHost? Host => _lease?.Host;

    /// <summary>Why it is worth nothing any more; null while it is.</summary>
    public string? Fault => _fault;

    /// <summary>Says that what is read from now on would not be of the snapshot's instant. Set before the guest may go on.</summary>
    public void Break(string because) => _fault ??= because;

    public void DemandWhole()
    {
        if (_fault is { } fault)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed, Machine, $"Snapshot {Entry.Id} of machine {Machine:D} ended before it was read: {fault} Nothing of it was kept; the next run tries again.", true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        foreach (var disk in Disks)
        {
            await disk.DisposeAsync().ConfigureAwait(false);
        }

        if (_lease is not null)
        {
            await _lease.DisposeAsync().ConfigureAwait(false);
        }
    }
}
