using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>A snapshot that this process has open: what all handles on it share. Thread-safe. Ends with its release.</summary>
internal sealed class OpenSnapshot(
    SnapshotEntry entry, Guid machine, MachineDefinition definition, IReadOnlyList<SnapshotDisk> disks, BlockHosts.Lease? lease) : IAsyncDisposable
{
    private volatile string? _fault;

    public SnapshotEntry Entry => entry;

    public Guid Machine => machine;

    public MachineDefinition Definition => definition;

    public IReadOnlyList<SnapshotDisk> Disks => disks;

    /// <summary>The process that serves it; null if it has no block disks.</summary>
    public BlockHost? Host => lease?.Host;

    /// <summary>Why it is worth nothing any more; null while it is.</summary>
    public string? Fault => _fault;

    /// <summary>Says that what is read from now on would not be of the snapshot's instant. Set before the guest may go on.</summary>
    public void Break(string because) => _fault ??= because;

    public void DemandWhole()
    {
        if (_fault is { } fault)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed, machine, $"Snapshot {entry.Id} of machine {machine:D} ended before it was read: {fault} Nothing of it was kept; the next run tries again.", true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var disk in disks)
        {
            await disk.DisposeAsync().ConfigureAwait(false);
        }

        if (lease is not null)
        {
            await lease.DisposeAsync().ConfigureAwait(false);
        }
    }
}
