using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Store;

/// <summary>Appending one chunk of 64 KiB to a store whose storage keeps nothing: encoding, staging, index and pins, without the disk.</summary>
[InvocationCount(4)]
[Gated]
[MemoryDiagnoser]
public class AppendBenchmarks
{
    private const int Chunks = 1024;

    private readonly byte[] _chunk = new byte[65_536];
    private readonly byte[] _name = new byte[ContentHash.Length];
    private RecordStore _store = null!;
    private ContentHash _held;
    private IStoreScope _scope = null!;
    private long _next;

    [GlobalSetup]
    public async Task Setup()
    {
        new Random(1).NextBytes(_chunk);
        _store = await RecordStore.OpenAsync(new DiscardingStorage(), new StoreOptions(), TimeProvider.System, new RandomIdSource(), NullLogger.Instance, default);
        _scope = _store.BeginScope();
        _held = ContentHash.Of(_chunk);
        await _scope.AppendAsync(RecordKind.Chunk, _held, _chunk, CompressionMode.Off, default);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        _scope.Dispose();
        await _store.DisposeAsync();
    }

    /// <summary>A chunk that the store does not hold, in a scope of 64 MiB as a small capture has.</summary>
    [Benchmark(OperationsPerInvoke = Chunks)]
    public async Task<long> Append_New()
    {
        using var scope = _store.BeginScope();
        for (var chunk = 0; chunk < Chunks; chunk++)
        {
            await scope.AppendAsync(RecordKind.Chunk, NextName(), _chunk, CompressionMode.Off, default);
        }

        return scope.AddedBytes;
    }

    [Benchmark]
    public ValueTask<int> Append_Held() => _scope.AppendAsync(RecordKind.Chunk, _held, _chunk, CompressionMode.Off, default);

    // Names are spread as hashes are, without the cost of one.
    private ContentHash NextName()
    {
        for (var i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_name.AsSpan(i * 8), (ulong)(++_next) * 0x9E3779B97F4A7C15);
        }

        return new ContentHash(_name);
    }
}
