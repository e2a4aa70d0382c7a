using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Images;

/// <summary>An image file or block device that a recovery writes. Owns its file.</summary>
internal sealed class ImageTargetDisk(Guid machine, DiskDefinition definition, ImageFile file, bool isNew) : ITargetDisk
{
    private Exception? _syncError;

    public DiskDefinition Definition { get; } = definition;

    public bool IsNew { get; } = isNew;

    public async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        DiskRange.Check(Definition, offset, destination.Length);
        try
        {
            await file.ReadAsync(offset, destination, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw Unusable(error);
        }
    }

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) =>
        DiskRange.EnumerateAsync(machine, Definition, file, cancellationToken);

    public async ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        DiskRange.Check(Definition, offset, content.Length);
        try
        {
            await file.WriteAsync(offset, content, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw Unusable(error);
        }
    }

    public async ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken)
    {
        DiskRange.Check(Definition, offset, length);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await file.WriteZeroesAsync(offset, length, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw Unusable(error);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        try
        {
            // A kernel reports a lost write once only, so a later success would prove nothing.
            if (Volatile.Read(ref _syncError) is { } earlier)
            {
                throw new IOException("an earlier flush failed, so what was written since the one before it may be lost", earlier);
            }

            await Task.Run(Sync, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw Unusable(error);
        }
    }

    public ValueTask DisposeAsync()
    {
        file.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Sync()
    {
        try
        {
            file.Sync();
        }
        catch (IOException error)
        {
            Volatile.Write(ref _syncError, error);
            throw;
        }
    }

    private HypervisorException Unusable(Exception cause) => ImageErrors.DiskUnusable(machine, Definition.Id, file.Path, cause);
}
