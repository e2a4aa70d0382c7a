using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Store;
using DisasterTolerance.Store.Local;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Store;

/// <summary>Reading one chunk of 64 KiB out of a store in a local directory: verified as a restore does it, and as it lies for shipping. The packs are in the page cache.</summary>
[Gated]
[MemoryDiagnoser]
public class ReadBenchmarks
{
    private const int Chunks = 256;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("read-");
    private readonly byte[] _buffer = new byte[RecordFormat.MaxLength(65_536)];
    private readonly ContentHash[] _names = new ContentHash[Chunks];
    private LocalDirectoryStorage _storage = null!;
    private RecordStore _store = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        _storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _folder.FullName });
        _store = await RecordStore.OpenAsync(_storage, new StoreOptions(), TimeProvider.System, new RandomIdSource(), NullLogger.Instance, default);
        using var scope = _store.BeginScope();
        var random = new Random(1);
        var chunk = new byte[65_536];
        for (var i = 0; i < Chunks; i++)
        {
            random.NextBytes(chunk.AsSpan(0, 32_768));
            _names[i] = ContentHash.Of(chunk);
            await scope.AppendAsync(RecordKind.Chunk, _names[i], chunk, CompressionMode.On, default);
        }

        await scope.FlushAsync(default);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _store.DisposeAsync();
        _storage.Dispose();
        _folder.Delete(recursive: true);
    }

    [Benchmark(OperationsPerInvoke = Chunks)]
    public async Task<long> Read()
    {
        long bytes = 0;
        foreach (var name in _names)
        {
            bytes += await _store.ReadAsync(name, RecordKind.Chunk, _buffer, default);
        }

        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Chunks)]
    public async Task<long> ReadStored()
    {
        long bytes = 0;
        foreach (var name in _names)
        {
            bytes += await _store.ReadStoredAsync(name, _buffer, default);
        }

        return bytes;
    }
}
