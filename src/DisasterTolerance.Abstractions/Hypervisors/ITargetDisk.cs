namespace DisasterTolerance.Hypervisors;

/// <summary>A disk that is being written by a recovery. Reads and writes of different ranges may overlap in time. Disposing closes it; it does not make it durable.</summary>
public interface ITargetDisk : IAsyncDisposable
{
    /// <summary>Id, exact length and kind.</summary>
    DiskDefinition Definition { get; }

    /// <summary>Whether the disk was created by this opening, so that all of it reads as zeros.</summary>
    bool IsNew { get; }

    /// <summary>Reads the present content; fills the buffer.</summary>
    /// <param name="offset">First byte; the range lies within the disk.</param>
    /// <param name="destination">Filled completely.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>The present content as extents, by the rules of <see cref="ISnapshotDisk.GetExtentsAsync"/>.</summary>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken);

    /// <summary>Writes bytes.</summary>
    /// <param name="offset">First byte; the range lies within the disk.</param>
    /// <param name="content">The caller's buffer; free again when the call returns.</param>
    /// <param name="cancellationToken">Ends the call; the range then holds anything.</param>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Makes a range read as zeros, as a hole where that is possible.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Length in bytes; the range lies within the disk.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask WriteZeroesAsync(long offset, long length, CancellationToken cancellationToken);

    /// <summary>Makes everything written before durable. An error of the device is never swallowed.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask FlushAsync(CancellationToken cancellationToken);
}
