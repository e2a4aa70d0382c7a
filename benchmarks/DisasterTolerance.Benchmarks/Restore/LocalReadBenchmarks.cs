using BenchmarkDotNet.Attributes;
using DisasterTolerance.Store.Local;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Benchmarks.Restore;

/// <summary>What a read of a cached pack costs one caller who waits for it, by its size: on his own thread, or handed to the thread pool.</summary>
[MemoryDiagnoser]
[ShortRunJob]
public class LocalReadBenchmarks
{
    private const int FileBytes = 16 << 20;

    private string _folder = "";
    private LocalDirectoryStorage _storage = null!;
    private SafeFileHandle _file = null!;
    private byte[] _buffer = [];
    private long _at;

    [Params(4 << 10, 32 << 10, 256 << 10, 1 << 20)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        _folder = Directory.CreateTempSubdirectory("reads-").FullName;
        _storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = _folder });
        using var content = new MemoryStream(new byte[FileBytes]);
        await _storage.PutAsync("pack", content, default);
        _file = File.OpenHandle(Directory.GetFiles(_folder, "pack*").Single());
        _buffer = new byte[Bytes];
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _file.Dispose();
        _storage.Dispose();
        Directory.Delete(_folder, true);
    }

    [Benchmark(Baseline = true)]
    public ValueTask<int> ThreadPool() => RandomAccess.ReadAsync(_file, _buffer, Next());

    [Benchmark]
    public int InPlace() => RandomAccess.Read(_file, _buffer, Next());

    [Benchmark]
    public ValueTask<int> Storage() => _storage.ReadAsync("pack", Next(), _buffer, default);

    private long Next() => _at = (_at + Bytes) % FileBytes;
}
