using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Store;

/// <summary>Batches of 256 names in an index of 200,000 records, per name. <c>index</c> measures the same at 20 million.</summary>
[Gated]
[MemoryDiagnoser]
public class IndexBenchmarks
{
    private const int Batch = 256;
    private const int Records = 200_000;

    private readonly ContentHash[] _present = new ContentHash[Batch];
    private readonly ContentHash[] _absent = new ContentHash[Batch];
    private readonly RecordLocation[] _locations = new RecordLocation[Batch];
    private readonly IndexEntry[] _entries = new IndexEntry[Batch];
    private PagedChunkIndex _index = null!;

    /// <summary>Memory for pages: enough for all, or for a tenth, so that nine in ten come from the file.</summary>
    [Params(64, 2)]
    public int PageMebibytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _index = PagedChunkIndex.Open(path: null, PageMebibytes << 20, NullLogger.Instance);
        var names = new Random(1);
        for (var i = 0; i < Records; i++)
        {
            var entry = new IndexEntry(Name(names), new RecordLocation(1 + (i / 1000), 48 + (i % 1000 * 1000), 1000, RecordKind.Chunk, 0));
            _index.Add([entry]);
            _present[i % Batch] = entry.Hash;
        }

        for (var i = 0; i < Batch; i++)
        {
            _absent[i] = Name(names);
            _entries[i] = new IndexEntry(_absent[i], new RecordLocation(1000, 48, 1000, RecordKind.Chunk, 0));
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _index.Dispose();

    [Benchmark(OperationsPerInvoke = Batch, Baseline = true)]
    public void Find_Present() => _index.Find(_present, _locations);

    [Benchmark(OperationsPerInvoke = Batch)]
    public void Find_Absent() => _index.Find(_absent, _locations);

    [Benchmark(OperationsPerInvoke = Batch)]
    public void AddAndRemove()
    {
        _index.Add(_entries);
        _index.Remove(_absent);
    }

    private static ContentHash Name(Random random)
    {
        Span<byte> bytes = stackalloc byte[ContentHash.Length];
        random.NextBytes(bytes);
        return new ContentHash(bytes);
    }
}
