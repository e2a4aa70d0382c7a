using BenchmarkDotNet.Attributes;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Benchmarks.Patches;

/// <summary>One chunk of 64 KiB in which some blocks of 4 KiB changed, compressed in full and against what it was. Sizes are printed by the command <c>patches</c>.</summary>
[MemoryDiagnoser]
public class PatchBenchmarks
{
    private readonly byte[] _stored = new byte[65_536];
    private readonly byte[] _patch = new byte[65_536];
    private readonly byte[] _room = new byte[65_536];
    private readonly byte[] _back = new byte[65_536];
    private byte[] _old = [];
    private byte[] _new = [];
    private int _storedLength, _patchLength;

    /// <summary>Blocks of 4 KiB that changed, of 16.</summary>
    [Params(1, 4, 8)]
    public int Blocks { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _old = SampleData.Chunk(1);
        _new = SampleData.Changed(_old, Blocks, seed: 2);
        if (!ZstdCodec.TryCompress(_new, _stored, out _storedLength) || !ZstdPatchCodec.TryCompress(_new, _old, _patch, out _patchLength))
        {
            throw new InvalidOperationException("The sample does not shrink.");
        }
    }

    [Benchmark(Baseline = true)]
    public bool Compress() => ZstdCodec.TryCompress(_new, _room, out _);

    [Benchmark]
    public bool CompressPatch() => ZstdPatchCodec.TryCompress(_new, _old, _room, out _);

    [Benchmark]
    public bool Decompress() => ZstdCodec.TryDecompress(_stored.AsSpan(0, _storedLength), _back);

    [Benchmark]
    public bool DecompressPatch() => ZstdPatchCodec.TryDecompress(_patch.AsSpan(0, _patchLength), _old, _back);
}
