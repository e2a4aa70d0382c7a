using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Links;

namespace DisasterTolerance.Benchmarks.Links;

/// <summary>One record frame of 64 KiB from one end of a data connection to the other. Both ends run in this process and share its cores.</summary>
// Several calls in one iteration: the collection before it empties the pools, and filling them again belongs to no single frame.
[InvocationCount(4)]
[Gated]
[MemoryDiagnoser]
public class TransportBenchmarks
{
    private const int Frames = 1024;

    private readonly byte[] _header = new byte[16];
    private readonly byte[] _body = new byte[65_536];
    private LoopbackLink _link = null!;
    private DataPair _pair = null!;

    [Params(LinkMedium.Memory, LinkMedium.Tcp, LinkMedium.Tls)]
    public LinkMedium Medium { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        new Random(1).NextBytes(_body);
        _link = new LoopbackLink();
        _pair = await _link.OpenAsync(Medium);
    }

    [GlobalCleanup]
    public async Task Cleanup() => await _link.DisposeAsync();

    [Benchmark(OperationsPerInvoke = Frames)]
    public async Task<long> Record()
    {
        var receiving = ReceiveAsync();
        for (var frame = 0; frame < Frames; frame++)
        {
            await _pair.Sending.WriteAsync(DataFrameType.Record, _header, _body, default);
        }

        await _pair.Sending.FlushAsync(default);
        return await receiving;
    }

    private async Task<long> ReceiveAsync()
    {
        long bytes = 0;
        for (var frame = 0; frame < Frames; frame++)
        {
            bytes += (await _pair.Receiving.ReadAsync(default))!.Value.Body.Length;
        }

        return bytes;
    }
}
