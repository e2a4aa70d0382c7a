using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Disks;

/// <summary>
/// A disk that a recovery writes, through a storage daemon of its own: it knows every format, keeps the bitmaps of an image right, and tells of errors when data is made durable. Thread-safe.
/// </summary>
internal sealed class QemuTargetDisk(Guid machine, DiskDefinition definition, bool isNew, string path, NbdClient client, Func<ValueTask> close) : ITargetDisk
{
    private int _isDisposed;

    public DiskDefinition Definition => definition;

    public bool IsNew => isNew;

    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        DemandRange(offset, destination.Length);
        cancellationToken.ThrowIfCancellationRequested();
        if (!destination.IsEmpty)
        {
            await DoAsync(client.ReadAsync(offset, destination, cancellationToken)).ConfigureAwait(false);
        }
    }

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) =>
        ExportExtents.ReadAsync(client, definition.LengthBytes, Unusable, cancellationToken);

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        DemandRange(offset, content.Length);
        cancellationToken.ThrowIfCancellationRequested();
        if (!content.IsEmpty)
        {
            await DoAsync(client.WriteAsync(offset, content, cancellationToken: cancellationToken)).ConfigureAwait(false);
        }
    }

    public async ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        DemandRange(offset, length);
        cancellationToken.ThrowIfCancellationRequested();
        if (length > 0)
        {
            await DoAsync(client.WriteZeroesAsync(offset, length, cancellationToken: cancellationToken)).ConfigureAwait(false);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await DoAsync(client.FlushAsync(cancellationToken)).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            await client.DisposeAsync().ConfigureAwait(false);
            await close().ConfigureAwait(false);
        }
    }

    private async ValueTask DoAsync(ValueTask work)
    {
        try
        {
            await work.ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw Unusable(e);
        }
    }

    private void DemandRange(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, definition.LengthBytes - offset, nameof(offset));
    }

    private HypervisorException Unusable(NbdException cause) => MachineErrors.Disk(machine, definition.Id, path, cause.Message, cause);
}
