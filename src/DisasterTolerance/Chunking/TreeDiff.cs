using System.Buffers;
using System.Runtime.CompilerServices;

namespace DisasterTolerance.Chunking;

/// <summary>The difference of two trees: a walk that visits only the nodes that differ.</summary>
internal static class TreeDiff
{
    /// <summary>Most changes of one batch.</summary>
    public const int BatchChanges = 1024;

    /// <summary>
    /// The leaves that differ, in ascending order. The trees may have different depths and lie in different stores, but have the same geometry. A batch is
    /// pooled: it may be used until the next one is asked for.
    /// </summary>
    /// <param name="oldSource">Where the nodes of <paramref name="old"/> are.</param>
    /// <param name="old">The first tree.</param>
    /// <param name="newSource">Where the nodes of <paramref name="new"/> are.</param>
    /// <param name="new">The second tree.</param>
    /// <param name="geometry">The geometry of both.</param>
    /// <param name="first">Position to begin at: what lies before is neither compared nor read.</param>
    /// <param name="cancellationToken">Ends the walk.</param>
    public static async IAsyncEnumerable<ReadOnlyMemory<LeafChange>> WalkAsync(
        INodeSource oldSource,
        DiskTree old,
        INodeSource newSource,
        DiskTree @new,
        ChunkGeometry geometry,
        long first,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var height = Math.Max(old.Depth, @new.Depth);
        var walk = new TreeWalk(
            new TreeView(oldSource, geometry, old, height), new TreeView(newSource, geometry, @new, height), geometry, height, first);
        var batch = ArrayPool<LeafChange>.Shared.Rent(BatchChanges);
        try
        {
            int used;
            while ((used = await walk.NextAsync(batch.AsMemory(0, BatchChanges), cancellationToken).ConfigureAwait(false)) > 0)
            {
                yield return batch.AsMemory(0, used);
            }
        }
        finally
        {
            ArrayPool<LeafChange>.Shared.Return(batch);
        }
    }
}
