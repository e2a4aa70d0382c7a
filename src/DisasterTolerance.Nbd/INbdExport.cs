using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Nbd;

/// <summary>
/// What an <see cref="NbdServer"/> serves under a name. Members are called from several threads at once, for ranges that the server has
/// checked: inside the export, not empty, aligned to the minimum block size. What a member throws becomes an error number for the client:
/// that of an <see cref="NbdException"/>, "no space" for <see cref="ErrorCode.StorageFull"/>, else "input/output error".
/// The properties stay the same as long as the export is served. The members for writing are never called on a read-only export.
/// </summary>
public interface INbdExport
{
    /// <summary>Length in bytes, not negative, a multiple of the minimum block size.</summary>
    long Length { get; }

    /// <summary>Whether writes are refused.</summary>
    bool IsReadOnly { get; }

    /// <summary>
    /// Whether clients may use several connections at once: a flush on any of them makes durable and visible what was answered on all.
    /// </summary>
    bool CanMultiConn { get; }

    /// <summary>The block sizes that clients are told and held to. Default: <see cref="NbdBlockSizes.Default"/>.</summary>
    NbdBlockSizes BlockSizes => NbdBlockSizes.Default;

    /// <summary>A line for people in the list of exports, at most 4,096 bytes of UTF-8. Default: empty.</summary>
    string Description => "";

    /// <summary>Fills the buffer completely.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="buffer">The buffer; the server's, not to be kept.</param>
    /// <param name="cancellationToken">Cancelled when the connection or the server ends.</param>
    ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Writes the buffer.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="buffer">The data; the server's, not to be kept.</param>
    /// <param name="isDurable">Whether to return only when the data is durable.</param>
    /// <param name="cancellationToken">Cancelled when the connection or the server ends.</param>
    ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken);

    /// <summary>Returns when everything that was written before is durable.</summary>
    /// <param name="cancellationToken">Cancelled when the connection or the server ends.</param>
    ValueTask FlushAsync(CancellationToken cancellationToken);

    /// <summary>Takes note that a range is not needed any more. May do nothing.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes, up to 4 GiB.</param>
    /// <param name="isDurable">Whether to return only when the change, if any, is durable.</param>
    /// <param name="cancellationToken">Cancelled when the connection or the server ends.</param>
    ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken);

    /// <summary>Makes a range read as zeros.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes, up to 4 GiB.</param>
    /// <param name="mayPunchHole">Whether the range may become unallocated.</param>
    /// <param name="isDurable">Whether to return only when the zeros are durable.</param>
    /// <param name="cancellationToken">Cancelled when the connection or the server ends.</param>
    ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken);

    /// <summary>
    /// Yields what is known of a range, in order, without gaps, clipped to it or reaching beyond its end. Extents that are not
    /// <see cref="ExtentKind.Data"/> are sent as holes without reading them. Default: the whole range is data.
    /// </summary>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="cancellationToken">Cancelled when the connection or the server ends.</param>
    IAsyncEnumerable<DiskExtent> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
        AsyncEnumerable.Repeat(new DiskExtent(offset, length, ExtentKind.Data), 1);

    /// <summary>
    /// Names of the metadata contexts that the export has besides <c>base:allocation</c>, such as <c>qemu:dirty-bitmap:NAME</c>: a namespace, a colon and the rest, at most 4,096 bytes of UTF-8 each,
    /// no two alike, 1,000 at the most. Default: none.
    /// </summary>
    IReadOnlyList<string> Contexts => [];

    /// <summary>Yields what one of <see cref="Contexts"/> says of a range, in order, without gaps, clipped to it or reaching beyond its end. Default: throws, because there are none.</summary>
    /// <param name="context">The context's name.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="cancellationToken">Cancelled when the connection or the server ends.</param>
    /// <exception cref="NotSupportedException">There is no such context.</exception>
    IAsyncEnumerable<NbdExtent> GetStatusAsync(string context, long offset, long length, CancellationToken cancellationToken) =>
        throw new NotSupportedException($"The export has no metadata context '{context}'.");
}
