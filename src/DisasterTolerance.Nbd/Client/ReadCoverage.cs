namespace DisasterTolerance.Nbd.Client;

/// <summary>Which bytes of a read have come: chunks may come in any order, but must not overlap and must leave no gap.</summary>
internal sealed class ReadCoverage
{
    private readonly List<(long Start, long End)> _islands = [];
    private long _start;
    private long _end;

    public bool IsComplete => _start == _end || (_islands.Count == 1 && _islands[0] == (_start, _end));

    public void Reset(long offset, long length)
    {
        _islands.Clear();
        (_start, _end) = (offset, checked(offset + length));
    }

    /// <summary>Adds a chunk and says where in the caller's buffer it belongs.</summary>
    /// <exception cref="NbdProtocolException">The chunk is outside the request, overlaps another or there are too many gaps.</exception>
    public int Add(ulong offset, long length)
    {
        if (length <= 0 || offset < (ulong)_start || offset > (ulong)_end || length > _end - (long)offset)
        {
            throw new NbdProtocolException($"A chunk of {length} bytes at {offset} is outside the read from {_start} to {_end}.");
        }

        var (start, end) = ((long)offset, (long)offset + length);
        var at = _islands.Count;
        while (at > 0 && _islands[at - 1].Start > start)
        {
            at--;
        }

        if ((at > 0 && _islands[at - 1].End > start) || (at < _islands.Count && _islands[at].Start < end))
        {
            throw new NbdProtocolException($"A chunk of {length} bytes at {offset} overlaps another of the same read.");
        }

        Join(at, start, end);
        return (int)(start - _start);
    }

    private void Join(int at, long start, long end)
    {
        var joinsNext = at < _islands.Count && _islands[at].Start == end;
        if (joinsNext)
        {
            end = _islands[at].End;
        }

        if (at > 0 && _islands[at - 1].End == start)
        {
            _islands[at - 1] = (_islands[at - 1].Start, end);
            if (joinsNext)
            {
                _islands.RemoveAt(at);
            }
        }
        else if (joinsNext)
        {
            _islands[at] = (start, end);
        }
        else if (_islands.Count < Protocol.Limits.Islands)
        {
            _islands.Insert(at, (start, end));
        }
        else
        {
            throw new NbdProtocolException($"The chunks of one read form more than {Protocol.Limits.Islands} islands.");
        }
    }
}
