using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;

namespace DisasterTolerance.Tests.Exports;

/// <summary>A read-only disk of zeros, as large as wanted.</summary>
internal sealed class ZeroBase(long length) : INbdExport
{
    public long Length => length;

    public bool IsReadOnly => true;

    public bool CanMultiConn => true;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        buffer.Span.Clear();
        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken) =>
        AsyncEnumerable.Repeat(new DiskExtent(offset, length, ExtentKind.Unallocated), 1);

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();
}
