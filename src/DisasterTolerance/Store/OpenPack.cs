using System.Buffers;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>A pack that is being written. Staged parts are under the ledger's gate, the blob under the writer's turn.</summary>
internal sealed class OpenPack(PackState state)
{
    private const int SegmentBytes = 1 << 20;

    private readonly Queue<(byte[] Buffer, int Length)> _segments = new();
    private byte[]? _tail;
    private int _tailLength;

    public PackState State { get; } = state;

    public List<PackEntry> Entries { get; } = [];

    /// <summary>How many of the entries are patches.</summary>
    public int Patches { get; private set; }

    /// <summary>Bytes staged so far, written or not: where the next record begins.</summary>
    public int Length { get; private set; }

    /// <summary>No record follows: seal it once everything staged is written.</summary>
    public bool IsFull { get; set; }

    public IAppendBlob? Blob { get; set; }

    public void Add(in PackEntry entry)
    {
        Entries.Add(entry);
        Patches += entry.IsPatch ? 1 : 0;
    }

    /// <summary>Forgets the entries that end behind some length.</summary>
    public void RemoveBehind(int length)
    {
        Entries.RemoveAll(entry => entry.Offset + entry.Length > length);
        Patches = Entries.Count(entry => entry.IsPatch);
    }

    public void StageLocked(ReadOnlySpan<byte> bytes)
    {
        if (_tail is not null && _tail.Length - _tailLength < bytes.Length)
        {
            _segments.Enqueue((_tail, _tailLength));
            _tail = null;
        }

        if (_tail is null)
        {
            _tail = ArrayPool<byte>.Shared.Rent(Math.Max(SegmentBytes, bytes.Length));
            _tailLength = 0;
        }

        bytes.CopyTo(_tail.AsSpan(_tailLength));
        _tailLength += bytes.Length;
        Length += bytes.Length;
    }

    /// <summary>Takes the oldest staged bytes out; the taker returns the array to the pool.</summary>
    public bool TryTakeLocked(out byte[] buffer, out int length)
    {
        if (!_segments.TryDequeue(out var segment))
        {
            segment = (_tail ?? [], _tail is null ? 0 : _tailLength);
            _tail = null;
        }

        (buffer, length) = segment;
        return length > 0;
    }
}
