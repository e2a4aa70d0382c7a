namespace DisasterTolerance.Capture;

/// <summary>Which chunks a tracker did not name. Pure: nothing is read here. Immutable.</summary>
internal sealed class TrackerSample
{
    private readonly List<ChunkRange> _unchanged = [];

    /// <param name="changed">What the tracker named, ascending and without overlaps.</param>
    /// <param name="leaves">Chunks of the disk.</param>
    public TrackerSample(IReadOnlyList<ChunkRange> changed, long leaves)
    {
        long next = 0;
        foreach (var range in changed)
        {
            Add(next, range.First);
            next = range.End;
        }

        Add(next, leaves);
    }

    /// <summary>How many chunks were not named.</summary>
    public long Count { get; private set; }

    /// <summary>The position of the chunk that has this number among those that were not named.</summary>
    public long At(long number)
    {
        foreach (var range in _unchanged)
        {
            if (number < range.Count)
            {
                return range.First + number;
            }

            number -= range.Count;
        }

        throw new ArgumentOutOfRangeException(nameof(number));
    }

    /// <summary>Whether a chunk was not named.</summary>
    public bool Contains(long position) => _unchanged.Exists(range => position >= range.First && position < range.End);

    private void Add(long first, long end)
    {
        if (end > first)
        {
            _unchanged.Add(new ChunkRange(first, end - first));
            Count += end - first;
        }
    }
}
