using System.Collections.Concurrent;
using BenchmarkDotNet.Attributes;
using DisasterTolerance.Benchmarks.Gate;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Benchmarks.Trees;

/// <summary>Finding the difference of two trees: the cost must follow the change, not the disk.</summary>
[Gated]
[MemoryDiagnoser]
public class TreeBenchmarks
{
    private const int Changes = 100;

    private static readonly ChunkGeometry Geometry = ChunkGeometry.Default;

    private readonly Nodes _nodes = new();
    private DiskTree _before;
    private DiskTree _after;

    /// <summary>Chunks of the disk: 1 GiB and 16 GiB.</summary>
    [Params(16_384, 262_144)]
    public int Leaves { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        var first = await TreeWriter.BeginAsync(_nodes, _nodes, Geometry, DiskTree.Empty(Geometry, Leaves), Leaves, default);
        for (var position = 0; position < Leaves; position++)
        {
            await first.SetAsync(position, ContentHash.Of(BitConverter.GetBytes(position)), default);
        }

        _before = await first.FinishAsync(default);
        var second = await TreeWriter.BeginAsync(_nodes, _nodes, Geometry, _before, Leaves, default);
        for (var change = 0; change < Changes; change++)
        {
            await second.SetAsync((long)change * Leaves / Changes, ContentHash.Of(BitConverter.GetBytes(-change - 1)), default);
        }

        _after = await second.FinishAsync(default);
    }

    [Benchmark]
    public async Task<int> Diff()
    {
        var found = 0;
        await foreach (var batch in TreeDiff.WalkAsync(_nodes, _before, _nodes, _after, Geometry, 0, default))
        {
            found += batch.Length;
        }

        return found;
    }

    private sealed class Nodes : INodeSource, INodeSink
    {
        private readonly ConcurrentDictionary<ContentHash, byte[]> _content = new();

        public ValueTask<int> ReadNodeAsync(ContentHash node, Memory<byte> destination, CancellationToken cancellationToken)
        {
            var content = _content[node];
            content.CopyTo(destination);
            return new(content.Length);
        }

        public ValueTask<int> AppendNodeAsync(ContentHash node, ReadOnlyMemory<byte> content, ContentHash previous, CancellationToken cancellationToken) =>
            new(_content.TryAdd(node, content.ToArray()) ? content.Length : 0);
    }
}
