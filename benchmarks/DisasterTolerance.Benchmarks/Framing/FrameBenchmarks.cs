using System.Buffers;
using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Framing;

namespace DisasterTolerance.Benchmarks.Framing;

/// <summary>Writing and reading one data frame with a chunk in it. Both must allocate nothing.</summary>
[Gated]
[MemoryDiagnoser]
public class FrameBenchmarks
{
    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly byte[] _header = new byte[8];
    private readonly byte[] _body = new byte[65_536];
    private ReadOnlySequence<byte> _frame;

    [GlobalSetup]
    public void Setup()
    {
        new Random(1).NextBytes(_body);
        Write();
        _frame = new ReadOnlySequence<byte>(_output.WrittenMemory.ToArray());
    }

    [Benchmark]
    public int Write()
    {
        _output.ResetWrittenCount();
        FrameWriter.Write(_output, 0x22, FrameFlags.None, 1, _header, _body);
        return _output.WrittenCount;
    }

    [Benchmark]
    public bool Read()
    {
        var buffer = _frame;
        return FrameReader.TryRead(ref buffer, 2 << 20, out _);
    }
}
