using System.Runtime.CompilerServices;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;

namespace DisasterTolerance.Qemu.Tests.Support;

/// <summary>A disk in memory, as clients and as its server see it. Thread-safe.</summary>
internal sealed class MemoryExport(long length) : INbdExport, ITargetDisk
{
    private const int Page = 4096;

    private readonly byte[] _content = new byte[length];
    private readonly Lock _gate = new();

    public long Length => length;

    public bool IsReadOnly => false;

    public bool CanMultiConn => true;

    public DiskDefinition Definition => new("disk", length);

    public bool IsNew => true;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken) => Do(() => _content.AsSpan((int)offset, buffer.Length).CopyTo(buffer.Span));

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) => Do(() => buffer.Span.CopyTo(_content.AsSpan((int)offset)));

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken) => WriteAsync(offset, buffer, cancellationToken);

    public ValueTask WriteZeroesAsync(long offset, long count, CancellationToken cancellationToken) => Do(() => _content.AsSpan((int)offset, (int)count).Clear());

    public ValueTask WriteZeroesAsync(long offset, long count, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken) => WriteZeroesAsync(offset, count, cancellationToken);

    public ValueTask TrimAsync(long offset, long count, bool isDurable, CancellationToken cancellationToken) => WriteZeroesAsync(offset, count, cancellationToken);

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken) => GetExtentsAsync(0, length, cancellationToken);

    public async IAsyncEnumerable<DiskExtent> GetExtentsAsync(long offset, long count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var (at, end) = (offset, offset + count); at < end;)
        {
            var stop = Math.Min(end, (at / Page * Page) + Page);
            bool isZero;
            lock (_gate)
            {
                isZero = !_content.AsSpan((int)at, (int)(stop - at)).ContainsAnyExcept((byte)0);
            }

            yield return new(at, stop - at, isZero ? ExtentKind.Unallocated : ExtentKind.Data);
            at = stop;
        }

        await Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask Do(Action work)
    {
        lock (_gate)
        {
            work();
        }

        return ValueTask.CompletedTask;
    }
}
