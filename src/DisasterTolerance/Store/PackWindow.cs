using System.Buffers;
using System.Buffers.Binary;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>A pooled window that moves forward over a blob. Not thread-safe.</summary>
internal sealed class PackWindow(IStorageProvider storage, string name, long length) : IDisposable
{
    private const int MinBytes = 1 << 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(MinBytes);
    private int _start, _filled;

    /// <summary>Bytes from a place on: fewer than asked for only at the end. Valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> GetAsync(int position, int count, CancellationToken cancellationToken)
    {
        if (position < _start || position + (long)count > _start + (long)_filled)
        {
            await FillAsync(position, count, cancellationToken).ConfigureAwait(false);
        }

        var at = position - _start;
        return _buffer.AsMemory(at, Math.Min(count, _filled - at));
    }

    /// <summary>Where the next record may begin.</summary>
    /// <returns>The place, or −1 if there is none.</returns>
    public async ValueTask<int> FindMagicAsync(int position, CancellationToken cancellationToken)
    {
        var magic = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, RecordHeader.Magic);
        while (true)
        {
            var bytes = await GetAsync(position, MinBytes / 2, cancellationToken).ConfigureAwait(false);
            var found = bytes.Span.IndexOf(magic);
            if (found >= 0)
            {
                return position + found;
            }

            if (bytes.Length < MinBytes / 2)
            {
                return -1;
            }

            position += bytes.Length - (magic.Length - 1);
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private async ValueTask FillAsync(int position, int count, CancellationToken cancellationToken)
    {
        if (_buffer.Length < count)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(count);
        }

        _start = position;
        _filled = 0;
        var want = (int)Math.Clamp(length - position, 0, _buffer.Length);
        _filled = want == 0 ? 0 : await storage.ReadAsync(name, position, _buffer.AsMemory(0, want), cancellationToken).ConfigureAwait(false);
    }
}
