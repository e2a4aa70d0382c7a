namespace DisasterTolerance.Chunking;

/// <summary>Where a walk over two trees stands: for each level the children of the two nodes and the next one to look at. Not thread-safe.</summary>
internal sealed class TreeWalk
{
    private readonly TreeView _old, _new;
    private readonly ChunkGeometry _geometry;
    private readonly int _height;
    private readonly long _first;
    private readonly ContentHash[][] _oldChildren, _newChildren;
    private readonly int[] _slot;
    private readonly long[] _start;
    private int _level;

    public TreeWalk(TreeView old, TreeView @new, ChunkGeometry geometry, int height, long first)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        _old = old;
        _new = @new;
        _geometry = geometry;
        _height = height;
        _first = first;
        _oldChildren = new ContentHash[height + 1][];
        _newChildren = new ContentHash[height + 1][];
        _slot = new int[height + 1];
        _start = new long[height + 1];
        _level = -1;
    }

    /// <summary>Fills the batch with the next changes.</summary>
    /// <returns>Changes written; 0 at the end.</returns>
    public async ValueTask<int> NextAsync(Memory<LeafChange> batch, CancellationToken cancellationToken)
    {
        var used = 0;
        if (_level < 0)
        {
            if (_old.Top == _new.Top || _first >= _geometry.SpanOf(_height))
            {
                _level = _height + 1;
            }
            else if (_height == 0)
            {
                batch.Span[used++] = new LeafChange(0, _old.Top, _new.Top);
                _level = 1;
            }
            else
            {
                await EnterAsync(_height, 0, _old.Top, _new.Top, cancellationToken).ConfigureAwait(false);
            }
        }

        while (_level <= _height && used < batch.Length)
        {
            var slot = _slot[_level];
            if (slot == _geometry.FanOut)
            {
                _level++;
                continue;
            }

            _slot[_level]++;
            var (a, b) = (_oldChildren[_level][slot], _newChildren[_level][slot]);
            if (a == b)
            {
                continue;
            }

            var position = _start[_level] + (slot * _geometry.SpanOf(_level - 1));
            if (_level == 1)
            {
                batch.Span[used++] = new LeafChange(position, a, b);
            }
            else
            {
                await EnterAsync(_level - 1, position, a, b, cancellationToken).ConfigureAwait(false);
            }
        }

        return used;
    }

    private async ValueTask EnterAsync(int level, long start, ContentHash old, ContentHash @new, CancellationToken cancellationToken)
    {
        _oldChildren[level] ??= new ContentHash[_geometry.FanOut];
        _newChildren[level] ??= new ContentHash[_geometry.FanOut];
        await _old.LoadAsync(level, old, _oldChildren[level], cancellationToken).ConfigureAwait(false);
        await _new.LoadAsync(level, @new, _newChildren[level], cancellationToken).ConfigureAwait(false);
        _start[level] = start;
        _slot[level] = _first > start ? _geometry.SlotOf(_first, level) : 0;
        _level = level;
    }
}
