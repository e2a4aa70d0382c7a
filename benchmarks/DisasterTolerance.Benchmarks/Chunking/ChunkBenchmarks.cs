using BenchmarkDotNet.Attributes;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Benchmarks;

/// <summary>What one chunk of 64 KiB costs: finding out that it is zeros, naming it, compressing and decompressing it.</summary>
[MemoryDiagnoser]
public class ChunkBenchmarks
{
    private readonly byte[] _zeros = new byte[65_536];
    private readonly byte[] _data = new byte[65_536];
    private readonly byte[] _stored = new byte[65_536];
    private readonly byte[] _back = new byte[65_536];
    private int _storedLength;

    [GlobalSetup]
    public void Setup()
    {
        // Half random, half repeated: shrinks to about a half, as the data of a file system does.
        new Random(1).NextBytes(_data.AsSpan(0, 32_768));
        _data.AsSpan(0, 64).CopyTo(_data.AsSpan(32_768));
        if (!ZstdCodec.TryCompress(_data, _stored, out _storedLength))
        {
            throw new InvalidOperationException("The sample does not shrink.");
        }
    }

    [Benchmark]
    public bool ZeroTest() => ChunkContent.IsZero(_zeros);

    [Benchmark(Baseline = true)]
    public ContentHash Name() => ChunkContent.Name(_data);

    [Benchmark]
    public bool Compress() => ZstdCodec.TryCompress(_data, _stored, out _);

    [Benchmark]
    public bool Decompress() => ZstdCodec.TryDecompress(_stored.AsSpan(0, _storedLength), _back);
}
