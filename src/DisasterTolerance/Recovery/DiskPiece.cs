using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store;

namespace DisasterTolerance.Recovery;

/// <summary>
/// A few chunks of a disk on their way from the store to the target, in ascending order but not always neighbours. Used again and again; one user at a time. Owns a pooled buffer.
/// </summary>
internal sealed class DiskPiece(ChunkGeometry geometry, long diskLength, int capacity, ArrayPool<byte> pool) : IDisposable
{
    private readonly byte[] _buffer = pool.Rent(capacity * geometry.ChunkSize);
    private readonly long[] _positions = new long[capacity];
    private readonly ContentHash[] _hashes = new ContentHash[capacity];
    private readonly bool[] _isData = new bool[capacity];
    private int _count;

    public bool IsFull => _count == capacity;

    public bool IsEmpty => _count == 0;

    /// <summary>Where the last chunk ends on the disk.</summary>
    public long End { get; private set; }

    /// <summary>The work on this piece.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    public void Clear() => _count = 0;

    /// <param name="leaf">The chunk.</param>
    /// <param name="isData">Whether the target has data there, which may be the same.</param>
    public void Add(Leaf leaf, bool isData)
    {
        (_positions[_count], _hashes[_count], _isData[_count]) = (leaf.Position, leaf.Hash, isData);
        _count++;
        End = Math.Min((leaf.Position + 1) * geometry.ChunkSize, diskLength);
    }

    /// <summary>Drops the chunks that the target has already, and reads and verifies the others.</summary>
    public async ValueTask ReadAsync(ITargetDisk target, IRecordStore store, CancellationToken cancellationToken)
    {
        await CompareAsync(target, cancellationToken).ConfigureAwait(false);
        if (_count > 0)
        {
            await store.ReadAsync(_hashes.AsMemory(0, _count), RecordKind.Chunk, geometry.ChunkSize, _buffer.AsMemory(0, _count * geometry.ChunkSize), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes what is left, neighbours in one call.</summary>
    /// <returns>Bytes written.</returns>
    public async ValueTask<long> WriteAsync(ITargetDisk target, CancellationToken cancellationToken)
    {
        long written = 0;
        for (var first = 0; first < _count;)
        {
            var next = Neighbours(first);
            var content = Slots(first, next);
            await target.WriteAsync(_positions[first] * geometry.ChunkSize, content, cancellationToken).ConfigureAwait(false);
            written += content.Length;
            first = next;
        }

        return written;
    }

    public void Dispose() => pool.Return(_buffer);

    private async ValueTask CompareAsync(ITargetDisk target, CancellationToken cancellationToken)
    {
        var kept = 0;
        for (var first = 0; first < _count;)
        {
            var next = Neighbours(first);
            if (_isData[first])
            {
                var present = Slots(first, next);
                await target.ReadAsync(_positions[first] * geometry.ChunkSize, present, cancellationToken).ConfigureAwait(false);

                // A chunk is always full: what lies behind the disk's end is zeros.
                _buffer.AsSpan((first * geometry.ChunkSize) + present.Length, ((next - first) * geometry.ChunkSize) - present.Length).Clear();
            }

            for (; first < next; first++)
            {
                if (!_isData[first] || ChunkContent.Name(_buffer.AsSpan(first * geometry.ChunkSize, geometry.ChunkSize)) != _hashes[first])
                {
                    (_positions[kept], _hashes[kept], _isData[kept]) = (_positions[first], _hashes[first], false);
                    kept++;
                }
            }
        }

        _count = kept;
    }

    /// <summary>Where the neighbours of a chunk that are of its sort end.</summary>
    private int Neighbours(int first)
    {
        var next = first + 1;
        while (next < _count && _positions[next] == _positions[next - 1] + 1 && _isData[next] == _isData[first])
        {
            next++;
        }

        return next;
    }

    /// <summary>The bytes of neighbours, up to the disk's end.</summary>
    private Memory<byte> Slots(int first, int next) =>
        _buffer.AsMemory(first * geometry.ChunkSize, (int)Math.Min((next - first) * geometry.ChunkSize, diskLength - (_positions[first] * geometry.ChunkSize)));
}
