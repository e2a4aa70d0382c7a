using System.Buffers;

namespace DisasterTolerance.Chunking;

/// <summary>
/// A tree seen from a height that may be above its own root: the nodes above have the tree as first child and zeros beside it. So trees of different depths
/// can be compared and a tree can grow. Not thread-safe.
/// </summary>
internal sealed class TreeView
{
    private readonly INodeSource _source;
    private readonly ChunkGeometry _geometry;
    private readonly DiskTree _tree;
    private readonly ContentHash[] _lifted;

    public TreeView(INodeSource source, ChunkGeometry geometry, DiskTree tree, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(height, tree.Depth);
        _source = source;
        _geometry = geometry;
        _tree = tree;
        _lifted = new ContentHash[height - tree.Depth + 1];
        _lifted[0] = tree.Root;
        for (var i = 1; i < _lifted.Length; i++)
        {
            _lifted[i] = Lift(_lifted[i - 1]);
        }
    }

    /// <summary>The hash of the node at the chosen height.</summary>
    public ContentHash Top => _lifted[^1];

    /// <summary>Whether a level lies above the tree's own root, so that its first node may have no record yet.</summary>
    public bool IsLifted(int level) => level > _tree.Depth;

    /// <summary>Reads the children of a node.</summary>
    /// <param name="level">The node's level, 1 or more.</param>
    /// <param name="node">Its hash.</param>
    /// <param name="children">Filled completely: as long as the fan-out.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask LoadAsync(int level, ContentHash node, ContentHash[] children, CancellationToken cancellationToken)
    {
        Array.Clear(children, 0, _geometry.FanOut);
        if (node.IsZero)
        {
            return;
        }

        // By the hash, not by the place: a writer may come back to a node that it has changed and written.
        if (level > _tree.Depth && node == _lifted[level - _tree.Depth])
        {
            children[0] = _lifted[level - 1 - _tree.Depth];
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(_geometry.MaxNodeBytes);
        try
        {
            var length = await _source.ReadNodeAsync(node, buffer, cancellationToken).ConfigureAwait(false);
            TreeNode.Parse(buffer.AsSpan(0, length), children.AsSpan(0, _geometry.FanOut), node);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ContentHash Lift(ContentHash child)
    {
        if (child.IsZero)
        {
            return ContentHash.Zero;
        }

        Span<byte> content = stackalloc byte[ContentHash.Length];
        child.CopyTo(content);
        return ContentHash.Of(content);
    }
}
