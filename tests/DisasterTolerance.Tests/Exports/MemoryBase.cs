using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;

namespace DisasterTolerance.Tests.Exports;

/// <summary>A read-only disk in memory: random bytes with zeros in its second quarter, which it tells as a hole.</summary>
internal sealed class MemoryBase : INbdExport
{
    public MemoryBase(int length, int seed)
    {
        Content = new byte[length];
        new Random(seed).NextBytes(Content);
        Content.AsSpan(length / 4, length / 4).Clear();
    }

    public byte[] Content { get; }

    public long Length => Content.Length;

    /// <summary>What reads fail with; null while they do not.</summary>
    public Exception? Fault { get; set; }

    public bool IsReadOnly => true;

    public bool CanMultiConn => true;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (Fault is { } fault)
        {
            throw fault;
        }

        Content.AsMemory((int)offset, buffer.Length).CopyTo(buffer);
        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(long offset, long length, CancellationToken cancellationToken)
    {
        var (hole, end) = (Length / 4, Length / 4 * 2);
        return new[] { new DiskExtent(0, hole, ExtentKind.Data), new(hole, end - hole, ExtentKind.Unallocated), new(end, Length - end, ExtentKind.Data) }
            .Where(extent => extent.Length > 0 && extent.End > offset && extent.Offset < offset + length)
            .ToAsyncEnumerable();
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();
}
