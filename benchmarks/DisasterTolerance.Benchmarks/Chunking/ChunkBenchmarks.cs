using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Benchmarks.Chunking;

/// <summary>What one chunk of 64 KiB costs before it is stored: finding out that it is zeros, and naming it.</summary>
[Gated]
[MemoryDiagnoser]
public class ChunkBenchmarks
{
    private readonly byte[] _zeros = new byte[65_536];
    private readonly byte[] _data = new byte[65_536];

    [GlobalSetup]
    public void Setup() => new Random(1).NextBytes(_data);

    [Benchmark]
    public bool ZeroTest() => ChunkContent.IsZero(_zeros);

    [Benchmark(Baseline = true)]
    public ContentHash Name() => ChunkContent.Name(_data);

    [Benchmark]
    public uint Checksum() => Crc32C.Of(_data);
}
