using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Store;

namespace DisasterTolerance.Benchmarks.Compression;

/// <summary>One chunk of 64 KiB into a record and back: of data that shrinks to a half, and of data that does not shrink.</summary>
[Gated]
[MemoryDiagnoser]
public class CompressionBenchmarks
{
    private readonly byte[] _data = new byte[65_536];
    private readonly byte[] _noise = new byte[65_536];
    private readonly byte[] _stored = new byte[65_536];
    private readonly byte[] _record = new byte[RecordFormat.MaxLength(65_536)];
    private readonly byte[] _room = new byte[RecordFormat.MaxLength(65_536)];
    private readonly byte[] _back = new byte[65_536];
    private int _storedLength, _recordLength;
    private RecordHeader _header;
    private ContentHash _hash;

    [GlobalSetup]
    public void Setup()
    {
        // Half random, half repeated: shrinks to about a half, as the data of a file system does.
        new Random(1).NextBytes(_data.AsSpan(0, 32_768));
        new Random(2).NextBytes(_noise);
        _data.AsSpan(0, 64).CopyTo(_data.AsSpan(32_768));
        if (!ZstdCodec.TryCompress(_data, _stored, out _storedLength))
        {
            throw new InvalidOperationException("The sample does not shrink.");
        }

        _hash = ContentHash.Of(_data);
        _recordLength = RecordFormat.Encode(RecordKind.Chunk, _hash, _data, CompressionMode.On, _record);
        RecordHeader.Read(_record.AsSpan(0, _recordLength), out _header);
    }

    [Benchmark(Baseline = true)]
    public bool Compress() => ZstdCodec.TryCompress(_data, _stored, out _);

    [Benchmark]
    public bool Compress_Noise() => ZstdCodec.TryCompress(_noise, _room.AsSpan(0, _noise.Length - 1), out _);

    [Benchmark]
    public bool Decompress() => ZstdCodec.TryDecompress(_stored.AsSpan(0, _storedLength), _back);

    [Benchmark]
    public int EncodeRecord() => RecordFormat.Encode(RecordKind.Chunk, _hash, _data, CompressionMode.On, _room);

    [Benchmark]
    public bool CheckAndDecodeRecord() =>
        RecordFormat.Check(_record.AsSpan(0, _recordLength), out _) == RecordFault.None
        && RecordFormat.Decode(_record.AsSpan(0, _recordLength), _header, _back) == RecordFault.None;
}
