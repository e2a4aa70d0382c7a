using System.Buffers;
using System.Runtime.CompilerServices;

namespace DisasterTolerance.Chunking;

/// <summary>Reads the leaves of one tree. Keeps the nodes on the way to the last leaf, so reading in ascending order reads each node once. Not thread-safe.</summary>
internal sealed class TreeReader
{
    private const int BatchLeaves = 1024;

    private readonly INodeSource _source;
    private readonly ChunkGeometry _geometry;
    private readonly DiskTree _tree;
    private readonly TreeView _view;
    private readonly ContentHash[][] _path;
    private readonly ContentHash[] _pathNodes;

    public TreeReader(INodeSource source, ChunkGeometry geometry, DiskTree tree)
    {
        _source = source;
        _geometry = geometry;
        _tree = tree;
        _view = new TreeView(source, geometry, tree, tree.Depth);
        _path = new ContentHash[tree.Depth + 1][];
        _pathNodes = new ContentHash[tree.Depth + 1];
    }

    /// <summary>The hash of one leaf; zero also beyond the tree's reach.</summary>
    public async ValueTask<ContentHash> GetLeafAsync(long position, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        if (position >= _geometry.SpanOf(_tree.Depth))
        {
            return ContentHash.Zero;
        }

        var hash = _tree.Root;
        for (var level = _tree.Depth; level > 0 && !hash.IsZero; level--)
        {
            if (_path[level] is null || _pathNodes[level] != hash)
            {
                _path[level] ??= new ContentHash[_geometry.FanOut];
                _pathNodes[level] = ContentHash.Zero;
                await _view.LoadAsync(level, hash, _path[level], cancellationToken).ConfigureAwait(false);
                _pathNodes[level] = hash;
            }

            hash = _path[level][_geometry.SlotOf(position, level)];
        }

        return hash;
    }

    /// <summary>
    /// The leaves of a range that are not zero, in ascending order; what is not listed is zeros. Whole zero subtrees cost nothing. A batch is pooled: it may be
    /// used until the next one is asked for.
    /// </summary>
    /// <param name="first">First position.</param>
    /// <param name="count">Positions; the range may reach beyond the tree.</param>
    /// <param name="cancellationToken">Ends the listing.</param>
    public async IAsyncEnumerable<ReadOnlyMemory<Leaf>> LeavesAsync(long first, long count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        var empty = DiskTree.Empty(_geometry, 0);
        var end = count > long.MaxValue - first ? long.MaxValue : first + count;
        var batch = ArrayPool<Leaf>.Shared.Rent(BatchLeaves);
        try
        {
            // The leaves that are not zero are the ones that differ from a disk of zeros.
            await foreach (var changes in TreeDiff.WalkAsync(_source, empty, _source, _tree, _geometry, first, cancellationToken).ConfigureAwait(false))
            {
                var used = 0;
                for (var i = 0; i < changes.Length && changes.Span[i].Position < end; i++)
                {
                    batch[used++] = new Leaf(changes.Span[i].Position, changes.Span[i].New);
                }

                if (used > 0)
                {
                    yield return batch.AsMemory(0, used);
                }

                if (used < changes.Length)
                {
                    yield break;
                }
            }
        }
        finally
        {
            ArrayPool<Leaf>.Shared.Return(batch);
        }
    }
}
