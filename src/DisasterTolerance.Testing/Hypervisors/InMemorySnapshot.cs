using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>A handle on a snapshot. Reads fail once the snapshot is released, as they may on a real hypervisor.</summary>
internal sealed class InMemorySnapshot : ISnapshot
{
    private readonly Func<bool> _isReleased;

    public InMemorySnapshot(string id, Guid machine, SnapshotState state, InMemoryHypervisorOptions options, Func<bool> isReleased)
    {
        Id = id;
        Machine = machine;
        State = state;
        _isReleased = isReleased;
        Disks = [.. state.Disks.Select(disk => new SnapshotDisk(this, disk, options))];
    }

    public SnapshotState State { get; }

    public string Id { get; }

    public Guid Machine { get; }

    public SnapshotConsistency Consistency => State.Consistency;

    public MachineDefinition Definition => State.Definition;

    public IReadOnlyList<ISnapshotDisk> Disks { get; }

    public ValueTask<SnapshotStability> CheckStabilityAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(SnapshotStability.Stable);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Check(SnapshotDiskState disk)
    {
        if (_isReleased())
        {
            throw new HypervisorException(ErrorCode.DiskUnusable, Machine, $"The snapshot '{Id}' of machine {Machine:D} was released. Take another one.");
        }

        if (disk.Disk.IsUnusable)
        {
            throw InMemoryHypervisor.Unusable(Machine, disk.Definition.Id);
        }
    }

    private sealed class SnapshotDisk(InMemorySnapshot snapshot, SnapshotDiskState state, InMemoryHypervisorOptions options) : ISnapshotDisk
    {
        public DiskDefinition Definition => state.Definition;

        public ChangeToken? ChangeToken => options.TracksChanges ? state.Position.ToToken() : null;

        public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            snapshot.Check(state);
            state.Content.Read(offset, destination.Span);
            return ValueTask.CompletedTask;
        }

        public async IAsyncEnumerable<DiskExtent> GetExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            snapshot.Check(state);
            foreach (DiskExtent extent in state.Content.GetExtents(options.HoleKind))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return extent;
            }

            await Task.CompletedTask.ConfigureAwait(false);
        }
    }
}
