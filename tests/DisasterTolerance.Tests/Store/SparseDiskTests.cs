using DisasterTolerance.Chunking;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class SparseDiskTests
{
    [Fact]
    public async Task FiveGibibytes_FewChunks_CostWhatTheyHold()
    {
        var geometry = ChunkGeometry.Default;
        var leaves = geometry.LeafCount((5L << 30) + 1);
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var writer = await TreeWriter.BeginAsync(store, scope, geometry, DiskTree.Empty(geometry, leaves), leaves, Token);
        long[] positions = [0, 4095, 40_000, leaves - 1];
        foreach (var position in positions)
        {
            await writer.SetAsync(position, await AddAsync(scope, Chunk((int)position, geometry.ChunkSize)), Token);
        }

        var tree = await writer.FinishAsync(Token);
        await scope.FlushAsync(Token);

        Assert.Equal(3, tree.Depth);
        Assert.Equal(4 + 4 + 3 + 1, store.RecordCount);
        var found = new List<Leaf>();
        await foreach (var batch in new TreeReader(store, geometry, tree).LeavesAsync(0, leaves, Token))
        {
            found.AddRange(batch.Span);
        }

        Assert.Equal(positions, found.Select(leaf => leaf.Position));
        Assert.Equal(Chunk(40_000, geometry.ChunkSize), await ReadAsync(store, found[2].Hash));
    }
}
