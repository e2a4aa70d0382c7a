using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>One disk of an open snapshot. Thread-safe.</summary>
internal abstract class SnapshotDisk(Guid machine, DiskDefinition definition) : IAsyncDisposable
{
    public DiskDefinition Definition => definition;

    protected Guid Machine => machine;

    /// <summary>Where the tracker stands; null without one that outlives the snapshot.</summary>
    public abstract ChangeToken? Token { get; }

    public abstract ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    public virtual async IAsyncEnumerable<DiskExtent> GetExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (definition.LengthBytes > 0)
        {
            yield return new(0, definition.LengthBytes, ExtentKind.Data);
        }
    }

    /// <summary>What may have changed since a token.</summary>
    public abstract ValueTask<ChangedExtents> GetChangedAsync(string since, CancellationToken cancellationToken);

    /// <summary>Whether what was read is of one instant, as far as the disk itself can tell.</summary>
    public virtual bool IsUnchanged => true;

    public abstract ValueTask DisposeAsync();

    protected void DemandRange(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, definition.LengthBytes - offset, nameof(offset));
    }
}
