namespace DisasterTolerance.Chunking;

public sealed class TreeTests
{
    private static readonly ChunkGeometry Geometry = new(4096, 16);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(16, 1)]
    [InlineData(17, 2)]
    [InlineData(256, 2)]
    [InlineData(257, 3)]
    public void DepthOf_Leaves_IsTheLeastThatReaches(long leaves, int depth) => Assert.Equal(depth, Geometry.DepthOf(leaves));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(4096, 1)]
    [InlineData(4097, 2)]
    [InlineData(long.MaxValue, (long.MaxValue / 4096) + 1)]
    public void LeafCount_Length_CountsPartialChunks(long length, long leaves) => Assert.Equal(leaves, Geometry.LeafCount(length));

    [Theory]
    [InlineData(4096, 128)]
    [InlineData(2048, 16)]
    [InlineData(5000, 16)]
    [InlineData(65536, 8)]
    [InlineData(2 << 20, 64)]
    public void ChunkGeometry_NotAllowed_Throws(int chunkSize, int fanOut) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkGeometry(chunkSize, fanOut));

    [Fact]
    public async Task RandomEdits_AgainstArray_RootLeavesAndDiffMatch()
    {
        for (var seed = 0; seed < 80; seed++)
        {
            try
            {
                await RunAsync(new Random(seed));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Seed {seed} fails.", error);
            }
        }
    }

    [Fact]
    public async Task SetAsync_OneLeafOfLargeDisk_WritesOneNodePerLevel()
    {
        var nodes = new TestNodes();
        long leaves = 1L << 32;
        var writer = await TreeWriter.BeginAsync(nodes, nodes, Geometry, DiskTree.Empty(Geometry, leaves), leaves, Token);
        await writer.SetAsync((1L << 31) + 5, Hash(1), Token);
        var tree = await writer.FinishAsync(Token);

        Assert.Equal(8, tree.Depth);
        Assert.Equal(8, nodes.Writes);
        Assert.Equal(Hash(1), await new TreeReader(nodes, Geometry, tree).GetLeafAsync((1L << 31) + 5, Token));
        Assert.Equal([((1L << 31) + 5, Hash(1))], await LeavesAsync(nodes, tree, 0, leaves));
    }

    [Fact]
    public async Task FinishAsync_NothingSet_KeepsRootAndWritesNothing()
    {
        var nodes = new TestNodes();
        var before = await BuildAsync(nodes, Enumerable.Range(0, 300).Select(Hash).ToArray());
        nodes.Writes = 0;

        var writer = await TreeWriter.BeginAsync(nodes, nodes, Geometry, before, 300, Token);
        await writer.SetAsync(7, Hash(7), Token);

        Assert.Equal(before, await writer.FinishAsync(Token));
        Assert.Equal(0, nodes.Writes);
    }

    [Fact]
    public async Task WalkAsync_OneLeafDiffers_ReadsOnlyThatPath()
    {
        var nodes = new TestNodes();
        var leaves = Enumerable.Range(0, 4096).Select(Hash).ToArray();
        var old = await BuildAsync(nodes, leaves);
        leaves[2000] = Hash(-1);
        var changed = await BuildAsync(nodes, leaves);
        nodes.Reads = 0;

        Assert.Equal([new LeafChange(2000, Hash(2000), Hash(-1))], await DiffAsync(nodes, old, changed, 0));
        Assert.Equal(2 * 3, nodes.Reads);
    }

    [Fact]
    public async Task CheckpointAsync_InTheMiddle_HasNewLeavesBelowAndOldOnesAbove()
    {
        var nodes = new TestNodes();
        var old = Enumerable.Range(0, 1000).Select(Hash).ToArray();
        var changed = Enumerable.Range(0, 1000).Select(i => Hash(-i - 1)).ToArray();
        var writer = await TreeWriter.BeginAsync(nodes, nodes, Geometry, await BuildAsync(nodes, old), 1000, Token);
        for (var i = 0; i < 1000; i++)
        {
            if (i is 0 or 1 or 333 or 999)
            {
                var mixed = await writer.CheckpointAsync(Token);
                Assert.Equal(await BuildAsync(nodes, [.. changed[..i], .. old[i..]]), mixed);
            }

            await writer.SetAsync(i, changed[i], Token);
        }

        Assert.Equal(await BuildAsync(nodes, changed), await writer.FinishAsync(Token));
    }

    [Fact]
    public void Parse_TrailingZeroChild_IsRefused()
    {
        var content = new byte[64];
        content[0] = 1;

        var error = Assert.Throws<DisasterToleranceException>(() => TreeNode.Parse(content, new ContentHash[16], Hash(1)));
        Assert.Equal(ErrorCode.DataDamaged, error.Code);
    }

    private static async Task RunAsync(Random random)
    {
        var nodes = new TestNodes();
        var leaves = new ContentHash[random.Next(600)];
        var tree = DiskTree.Empty(Geometry, leaves.Length);
        for (var step = 0; step < 6; step++)
        {
            var old = (ContentHash[])leaves.Clone();
            var oldTree = tree;
            if (random.Next(2) == 0)
            {
                Array.Resize(ref leaves, random.Next(4) == 0 ? random.Next(5000) : random.Next(300));
            }

            var writer = await TreeWriter.BeginAsync(nodes, nodes, Geometry, tree, leaves.Length, Token);
            var changes = random.Next(60);
            var places = Enumerable.Range(0, leaves.Length == 0 ? 0 : changes).Select(_ => random.Next(leaves.Length)).Distinct();
            foreach (var place in random.Next(4) == 0 ? places : places.Order())
            {
                leaves[place] = random.Next(3) == 0 ? ContentHash.Zero : Hash(random.Next(40));
                await writer.SetAsync(place, leaves[place], Token);
                if (random.Next(20) == 0)
                {
                    await writer.CheckpointAsync(Token);
                }
            }

            tree = await writer.FinishAsync(Token);
            Assert.Equal(await BuildAsync(nodes, leaves), tree);
            Assert.Equal(leaves.Length == 0 ? 0 : Geometry.DepthOf(leaves.Length), tree.Depth);

            var first = random.Next(leaves.Length + 1);
            Assert.Equal(BruteDiff(old, leaves, first), await DiffAsync(nodes, oldTree, tree, first));
            var count = random.Next(leaves.Length + 1);
            Assert.Equal(
                Enumerable.Range(first, Math.Min(count, leaves.Length - first)).Where(i => !leaves[i].IsZero).Select(i => ((long)i, leaves[i])),
                await LeavesAsync(nodes, tree, first, count));
            var reader = new TreeReader(nodes, Geometry, tree);
            for (var i = 0; i < 20; i++)
            {
                var place = random.Next(leaves.Length + 40);
                Assert.Equal(place < leaves.Length ? leaves[place] : ContentHash.Zero, await reader.GetLeafAsync(place, Token));
            }
        }
    }

    // Level by level from the whole array: another way to the same tree.
    private static async Task<DiskTree> BuildAsync(TestNodes nodes, ContentHash[] leaves)
    {
        var level = leaves.Length == 0 ? [ContentHash.Zero] : leaves;
        var depth = 0;
        for (; level.Length > 1; depth++)
        {
            var above = new List<ContentHash>();
            foreach (var children in level.Chunk(Geometry.FanOut))
            {
                var content = new byte[Geometry.MaxNodeBytes];
                var length = TreeNode.Write(children, content);
                above.Add(length == 0 ? ContentHash.Zero : ContentHash.Of(content.AsSpan(0, length)));
                if (length > 0)
                {
                    await nodes.AppendNodeAsync(above[^1], content.AsMemory(0, length), ContentHash.Zero, Token);
                }
            }

            level = [.. above];
        }

        return new DiskTree(level[0], depth);
    }

    private static List<LeafChange> BruteDiff(ContentHash[] old, ContentHash[] changed, int first)
    {
        var changes = new List<LeafChange>();
        for (var i = first; i < Math.Max(old.Length, changed.Length); i++)
        {
            var (a, b) = (i < old.Length ? old[i] : ContentHash.Zero, i < changed.Length ? changed[i] : ContentHash.Zero);
            if (a != b)
            {
                changes.Add(new LeafChange(i, a, b));
            }
        }

        return changes;
    }

    private static async Task<List<LeafChange>> DiffAsync(TestNodes nodes, DiskTree old, DiskTree changed, long first)
    {
        var changes = new List<LeafChange>();
        await foreach (var batch in TreeDiff.WalkAsync(nodes, old, nodes, changed, Geometry, first, Token))
        {
            Assert.InRange(batch.Length, 1, TreeDiff.BatchChanges);
            changes.AddRange(batch.Span);
        }

        return changes;
    }

    private static async Task<List<(long, ContentHash)>> LeavesAsync(TestNodes nodes, DiskTree tree, long first, long count)
    {
        var leaves = new List<(long, ContentHash)>();
        await foreach (var batch in new TreeReader(nodes, Geometry, tree).LeavesAsync(first, count, Token))
        {
            foreach (var leaf in batch.ToArray())
            {
                leaves.Add((leaf.Position, leaf.Hash));
            }
        }

        return leaves;
    }

    private static ContentHash Hash(int value) => ContentHash.Of(BitConverter.GetBytes(value));
}
