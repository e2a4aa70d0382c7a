using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>A disk in memory that is being written by a recovery.</summary>
internal sealed class InMemoryTargetDisk(Guid machine, MemoryDisk disk, bool isNew, InMemoryHypervisorOptions options) : ITargetDisk
{
    public DiskDefinition Definition { get; } = disk.Definition;

    public bool IsNew { get; } = isNew;

    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        Check(cancellationToken);
        disk.Read(offset, destination.Span);
        return ValueTask.CompletedTask;
    }

    public async IAsyncEnumerable<DiskExtent> GetExtentsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Check(cancellationToken);
        foreach (DiskExtent extent in disk.Freeze().GetExtents(options.HoleKind))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return extent;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Check(cancellationToken);
        disk.Write(offset, content.Span);
        return ValueTask.CompletedTask;
    }

    public ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        Check(cancellationToken);
        disk.WriteZeroes(offset, length);
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        Check(cancellationToken);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Check(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (disk.IsUnusable)
        {
            throw InMemoryHypervisor.Unusable(machine, disk.Id);
        }
    }
}
