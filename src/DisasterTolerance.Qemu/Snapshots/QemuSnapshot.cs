using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>A handle on an open snapshot. Thread-safe; disposing it changes nothing, the snapshot ends with its release.</summary>
internal sealed class QemuSnapshot(OpenSnapshot open) : ISnapshot
{
    public OpenSnapshot Open => open;

    public string Id => open.Entry.Id;

    public Guid Machine => open.Machine;

    public SnapshotConsistency Consistency => open.Entry.Consistency;

    public MachineDefinition Definition => open.Definition;

    public IReadOnlyList<ISnapshotDisk> Disks { get; } = [.. open.Disks.Select(disk => new Disk(open, disk))];

    /// <summary>The copying has to have gone on until after the last read, else something newer may have been read.</summary>
    public async ValueTask<SnapshotStability> CheckStabilityAsync(CancellationToken cancellationToken)
    {
        open.DemandWhole();
        if (open.Host is { } host)
        {
            var jobs = await host.ExecuteAsync("query-jobs", null, cancellationToken).ConfigureAwait(false);
            var running = jobs.EnumerateArray().Where(job => job.GetProperty("status").GetString() is "running" or "paused").Select(job => job.GetProperty("id").GetString()).ToHashSet();
            if (open.Entry.Disks.Select(disk => Blocks.BlockNames.Fleece(open.Entry.Id, disk)).FirstOrDefault(job => !running.Contains(job)) is { } ended)
            {
                throw MachineErrors.Failed(open.Machine, "The snapshot", $"job '{ended}', which keeps what the guest overwrites, ended before the disks were read", "The next run tries again.", true);
            }
        }

        open.DemandWhole();
        return open.Disks.All(disk => disk.IsUnchanged) ? SnapshotStability.Stable : SnapshotStability.Changed;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Disk(OpenSnapshot open, SnapshotDisk disk) : ISnapshotDisk
    {
        public DiskDefinition Definition => disk.Definition;

        public ChangeToken? ChangeToken => disk.Token;

        public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            open.DemandWhole();
            try
            {
                await disk.ReadAsync(offset, destination, cancellationToken).ConfigureAwait(false);
            }
            catch (HypervisorException)
            {
                // A snapshot that was given up says why, rather than that its connection is closed.
                open.DemandWhole();
                throw;
            }

            open.DemandWhole();
        }

        public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) => disk.GetExtentsAsync(cancellationToken);
    }
}
