using System.Buffers;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>Records of one store as they lie, fetched together. Used again and again; owns pooled buffers until it is cleared. Not thread-safe.</summary>
internal sealed class RecordBatch(ArrayPool<byte> pool) : IDisposable
{
    private readonly List<byte[]> _buffers = [];
    private ReadOnlyMemory<byte>[] _records = [];
    private RecordLocation[] _locations = [];
    private string?[] _packs = [];
    private int[] _order = [];

    // Made once: a batch is sorted for every few chunks of a disk.
    private Comparison<int>? _byPlace;

    /// <summary>How many records were asked for.</summary>
    public int Count { get; private set; }

    /// <summary>A record with its checksum checked, valid until the batch is cleared; empty if it has to be read alone: it is absent, not durable yet, moved or damaged.</summary>
    public ReadOnlyMemory<byte> this[int index] => _records[index];

    /// <summary>Where the records lie; the default for those that are nowhere.</summary>
    internal Span<RecordLocation> Locations => _locations.AsSpan(0, Count);

    /// <summary>The names of the packs; null where nothing can be read from there now.</summary>
    internal Span<string?> Packs => _packs.AsSpan(0, Count);

    /// <summary>Gives the buffers back and makes room for other records.</summary>
    public void Clear(int count)
    {
        Dispose();
        Count = count;
        if (_records.Length < count)
        {
            _records = new ReadOnlyMemory<byte>[count];
            _locations = new RecordLocation[count];
            _packs = new string?[count];
            _order = new int[count];
        }
    }

    /// <summary>Gives the buffers back. The batch can be used again.</summary>
    public void Dispose()
    {
        _records.AsSpan(0, Count).Clear();
        Count = 0;
        foreach (var buffer in _buffers)
        {
            pool.Return(buffer);
        }

        _buffers.Clear();
    }

    /// <summary>The places that can be read, in the order in which they lie. Valid until the batch is cleared.</summary>
    internal ReadOnlyMemory<int> SortByPlace()
    {
        var used = 0;
        for (var i = 0; i < Count; i++)
        {
            if (_packs[i] is not null)
            {
                _order[used++] = i;
            }
        }

        _order.AsSpan(0, used).Sort(_byPlace ??= ComparePlaces);
        return _order.AsMemory(0, used);
    }

    /// <summary>A buffer that lives until the batch is cleared.</summary>
    internal Memory<byte> Rent(int length)
    {
        var buffer = pool.Rent(length);
        _buffers.Add(buffer);
        return buffer.AsMemory(0, length);
    }

    internal void Set(int index, ReadOnlyMemory<byte> record) => _records[index] = record;

    private int ComparePlaces(int left, int right)
    {
        var (a, b) = (_locations[left], _locations[right]);
        return a.Pack != b.Pack ? a.Pack.CompareTo(b.Pack) : a.Offset.CompareTo(b.Offset);
    }
}
