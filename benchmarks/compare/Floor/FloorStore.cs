using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using ZstdSharp;

namespace DisasterTolerance.Compare.Floor;

/// <summary>One file of records, and where in it each chunk of the disk lies. Different chunks may be worked on by several threads.</summary>
internal sealed class FloorStore : IDisposable
{
    public const int HeaderBytes = 48;
    private const int HashBytes = 32;

    private readonly SafeFileHandle _records;
    private readonly string _indexPath;
    private readonly Entry[] _entries;
    private long _end;

    public FloorStore(string folder, int chunks)
    {
        Directory.CreateDirectory(folder);
        _records = File.OpenHandle(Path.Combine(folder, "records"), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        _indexPath = Path.Combine(folder, "index");
        _entries = new Entry[chunks];
        _end = RandomAccess.GetLength(_records);
    }

    public int Chunks => _entries.Length;

    public bool IsSame(int chunk, ReadOnlySpan<byte> hash) => _entries[chunk].Length > 0 && hash.SequenceEqual(_entries[chunk].Hash);

    public bool IsZero(int chunk) => _entries[chunk].Length == 0;

    public void SetZero(int chunk) => _entries[chunk] = default;

    /// <summary>Appends a batch of records and learns where they lie.</summary>
    public void Append(ReadOnlySpan<byte> batch)
    {
        var at = Interlocked.Add(ref _end, batch.Length) - batch.Length;
        RandomAccess.Write(_records, batch, at);
        while (!batch.IsEmpty)
        {
            var (chunk, length) = Header(batch);
            _entries[chunk] = new Entry(batch.Slice(8, HashBytes).ToArray(), at + HeaderBytes, length);
            at += HeaderBytes + length;
            batch = batch[(HeaderBytes + length)..];
        }
    }

    /// <summary>Reads, decompresses and hashes a chunk.</summary>
    public void Read(int chunk, Decompressor decompressor, byte[] scratch, Span<byte> target)
    {
        var entry = _entries[chunk];
        var packed = scratch.AsSpan(0, entry.Length);
        Images.DiskImage.ReadExactly(_records, packed, entry.Offset);
        Verify(packed, entry.Hash, decompressor, target);
    }

    /// <summary>Makes everything durable.</summary>
    public void Flush()
    {
        RandomAccess.FlushToDisk(_records);
        using var index = File.OpenHandle(_indexPath, FileMode.Create, FileAccess.Write);
        var bytes = new byte[_entries.Length * HeaderBytes];
        for (var chunk = 0; chunk < _entries.Length; chunk++)
        {
            var row = bytes.AsSpan(chunk * HeaderBytes, HeaderBytes);
            BitConverter.TryWriteBytes(row, _entries[chunk].Offset);
            BitConverter.TryWriteBytes(row[8..], _entries[chunk].Length);
            _entries[chunk].Hash?.CopyTo(row[16..]);
        }

        RandomAccess.Write(index, bytes, 0);
        RandomAccess.FlushToDisk(index);
    }

    public void Dispose() => _records.Dispose();

    /// <summary>Writes a record's header: chunk, length of what follows, hash.</summary>
    public static void WriteHeader(Span<byte> header, int chunk, int length, ReadOnlySpan<byte> hash)
    {
        BitConverter.TryWriteBytes(header, chunk);
        BitConverter.TryWriteBytes(header[4..], length);
        hash.CopyTo(header[8..]);
    }

    /// <summary>Decompresses and hashes every record of a batch that came from elsewhere.</summary>
    public static void VerifyAll(ReadOnlySpan<byte> batch, Decompressor decompressor, Span<byte> target)
    {
        while (!batch.IsEmpty)
        {
            var (_, length) = Header(batch);
            Verify(batch.Slice(HeaderBytes, length), batch.Slice(8, HashBytes), decompressor, target);
            batch = batch[(HeaderBytes + length)..];
        }
    }

    private static void Verify(ReadOnlySpan<byte> packed, ReadOnlySpan<byte> hash, Decompressor decompressor, Span<byte> target)
    {
        Span<byte> found = stackalloc byte[HashBytes];
        SHA256.HashData(target[..decompressor.Unwrap(packed, target)], found);
        if (!found.SequenceEqual(hash))
        {
            throw new InvalidDataException("A record is damaged.");
        }
    }

    private static (int Chunk, int Length) Header(ReadOnlySpan<byte> header) => (BitConverter.ToInt32(header), BitConverter.ToInt32(header[4..]));

    private readonly record struct Entry(byte[] Hash, long Offset, int Length);
}
