using System.Buffers;

namespace DisasterTolerance.Chunking;

/// <summary>
/// Makes a new tree out of a base and changed leaves. Holds one node per level; leaves set in ascending order write every changed node once (any order gives
/// the same tree, with garbage). A caller that shrinks a disk in the middle of a chunk sets that last leaf anew. Not thread-safe.
/// </summary>
internal sealed class TreeWriter
{
    private readonly INodeSink _sink;
    private readonly ChunkGeometry _geometry;
    private readonly TreeView _view;
    private readonly long _leafCount;
    private readonly int _depth;
    private readonly PathNode[] _path;
    private ContentHash _root;

    private TreeWriter(INodeSink sink, ChunkGeometry geometry, TreeView view, long leafCount, int depth)
    {
        _sink = sink;
        _geometry = geometry;
        _view = view;
        _leafCount = leafCount;
        _depth = depth;
        _root = view.Top;
        _path = new PathNode[depth + 1];
        for (var level = 1; level <= depth; level++)
        {
            _path[level] = new PathNode(geometry.FanOut);
        }
    }

    /// <summary>Begins a tree.</summary>
    /// <param name="source">Where the base's nodes are.</param>
    /// <param name="sink">Takes the new nodes.</param>
    /// <param name="geometry">The geometry of both trees.</param>
    /// <param name="base">The content to start from; its leaves at and beyond <paramref name="leafCount"/> become zero.</param>
    /// <param name="leafCount">Leaves of the new tree.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public static async ValueTask<TreeWriter> BeginAsync(
        INodeSource source, INodeSink sink, ChunkGeometry geometry, DiskTree @base, long leafCount, CancellationToken cancellationToken)
    {
        var depth = geometry.DepthOf(leafCount);
        var children = new ContentHash[geometry.FanOut];
        while (@base.Depth > depth)
        {
            await new TreeView(source, geometry, @base, @base.Depth).LoadAsync(@base.Depth, @base.Root, children, cancellationToken).ConfigureAwait(false);
            @base = new DiskTree(children[0], @base.Depth - 1);
        }

        if (leafCount == 0)
        {
            @base = new DiskTree(ContentHash.Zero, 0);
        }

        var writer = new TreeWriter(sink, geometry, new TreeView(source, geometry, @base, depth), leafCount, depth);
        await writer.CutAsync(cancellationToken).ConfigureAwait(false);
        return writer;
    }

    /// <summary>Sets a leaf.</summary>
    /// <param name="position">The chunk's number, below the leaf count.</param>
    /// <param name="hash">The chunk's hash; zero for a chunk of zeros.</param>
    /// <param name="cancellationToken">Ends the call; the writer must not be used any more.</param>
    public async ValueTask SetAsync(long position, ContentHash hash, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, _leafCount);
        if (_depth == 0)
        {
            _root = hash;
            return;
        }

        if (!_path[1].Covers(_geometry.FirstLeafOf(position, 1)))
        {
            await MoveToAsync(position, cancellationToken).ConfigureAwait(false);
        }

        _path[1].Set(_geometry.SlotOf(position, 1), hash);
    }

    /// <summary>
    /// Appends every node that is not written yet and returns the tree as it stands: the leaves set so far and the base's for all others. The writer can go on.
    /// </summary>
    /// <param name="cancellationToken">Ends the call; the writer must not be used any more.</param>
    public async ValueTask<DiskTree> CheckpointAsync(CancellationToken cancellationToken)
    {
        for (var level = 1; level <= _depth; level++)
        {
            await WriteAsync(level, cancellationToken).ConfigureAwait(false);
        }

        return new DiskTree(_root, _depth);
    }

    /// <summary>Appends what is left and returns the finished tree.</summary>
    /// <param name="cancellationToken">Ends the call; the writer must not be used any more.</param>
    public ValueTask<DiskTree> FinishAsync(CancellationToken cancellationToken) => CheckpointAsync(cancellationToken);

    private async ValueTask CutAsync(CancellationToken cancellationToken)
    {
        if (_depth == 0)
        {
            return;
        }

        // Nodes above the base's root have no record yet, so the way to the first leaf is begun here and written in any case.
        for (var level = _depth; level > 0 && _view.IsLifted(level); level--)
        {
            await EnterAsync(level, 0, cancellationToken).ConfigureAwait(false);
            _path[level].Touch();
        }

        if (_leafCount >= _geometry.SpanOf(_depth))
        {
            return;
        }

        await MoveToAsync(_leafCount, cancellationToken).ConfigureAwait(false);
        for (var level = _depth; level > 0; level--)
        {
            // The node on the boundary keeps the child that the boundary runs through, unless it begins exactly there.
            var whole = level == 1 || _geometry.FirstLeafOf(_leafCount, level - 1) == _leafCount;
            _path[level].ClearFrom(_geometry.SlotOf(_leafCount, level) + (whole ? 0 : 1));
            if (whole && level > 1)
            {
                for (var below = level - 1; below > 0; below--)
                {
                    _path[below].Leave();
                }

                break;
            }
        }
    }

    private async ValueTask MoveToAsync(long position, CancellationToken cancellationToken)
    {
        for (var level = 1; level <= _depth && !_path[level].Covers(_geometry.FirstLeafOf(position, level)); level++)
        {
            await WriteAsync(level, cancellationToken).ConfigureAwait(false);
            _path[level].Leave();
        }

        for (var level = _depth; level > 0; level--)
        {
            if (!_path[level].Covers(_geometry.FirstLeafOf(position, level)))
            {
                await EnterAsync(level, position, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private ValueTask EnterAsync(int level, long position, CancellationToken cancellationToken)
    {
        var node = level == _depth ? _root : _path[level + 1].Children[_geometry.SlotOf(position, level + 1)];
        _path[level].Enter(_geometry.FirstLeafOf(position, level), node);
        return _view.LoadAsync(level, node, _path[level].Children, cancellationToken);
    }

    private async ValueTask WriteAsync(int level, CancellationToken cancellationToken)
    {
        var node = _path[level];
        if (!node.IsChanged)
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(_geometry.MaxNodeBytes);
        try
        {
            var length = TreeNode.Write(node.Children, buffer);
            var hash = length == 0 ? ContentHash.Zero : ContentHash.Of(buffer.AsSpan(0, length));
            if (length > 0)
            {
                await _sink.AppendNodeAsync(hash, buffer.AsMemory(0, length), node.Previous, cancellationToken).ConfigureAwait(false);
            }

            node.Written();
            if (level == _depth)
            {
                _root = hash;
            }
            else
            {
                _path[level + 1].Set(_geometry.SlotOf(node.Start, level + 1), hash);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
