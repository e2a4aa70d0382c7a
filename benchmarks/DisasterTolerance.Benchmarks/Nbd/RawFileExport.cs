using DisasterTolerance.Nbd;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Benchmarks.Nbd;

/// <summary>A raw file, read-only: what the server costs when the disk costs nothing.</summary>
internal sealed class RawFileExport(string path) : INbdExport, IDisposable
{
    private readonly SafeFileHandle _file = File.OpenHandle(path);

    public long Length { get; } = new FileInfo(path).Length;

    public bool IsReadOnly => true;

    public bool CanMultiConn => true;

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(_file, buffer.Span, offset);
            if (read == 0)
            {
                throw new EndOfStreamException($"{path} was cut short.");
            }

            (offset, buffer) = (offset + read, buffer[read..]);
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask FlushAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask TrimAsync(long offset, long length, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask WriteZeroesAsync(long offset, long length, bool mayPunchHole, bool isDurable, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Dispose() => _file.Dispose();
}
