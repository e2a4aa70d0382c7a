using System.Globalization;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Testing.Hypervisors;

/// <summary>
/// What a disk's writes touched between snapshots. Snapshot n closes map n; the changes since the token of snapshot s are the maps s+1 … n. A snapshot that was captured lets all
/// maps up to its own be forgotten; an abandoned one keeps them. Thread-safe.
/// </summary>
internal sealed class ChangeMap(long identity)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<int, List<DiskExtent>> _closed = [];
    private List<DiskExtent> _open = [];
    private long _identity = identity;
    private int _sequence;
    private int _oldest;

    public void Mark(long offset, long length)
    {
        if (length == 0)
        {
            return;
        }

        lock (_lock)
        {
            if (_open.Count > 0 && _open[^1] is var last && offset >= last.Offset && offset <= last.End)
            {
                _open[^1] = last with { Length = Math.Max(last.End, offset + length) - last.Offset };
                return;
            }

            _open.Add(new DiskExtent(offset, length, ExtentKind.Data));
        }
    }

    /// <summary>Begins the next map.</summary>
    public TrackerPosition Close()
    {
        lock (_lock)
        {
            _sequence++;
            _closed[_sequence] = _open;
            _open = [];
            return new TrackerPosition(_identity, _sequence);
        }
    }

    public void Forget(TrackerPosition captured)
    {
        lock (_lock)
        {
            if (captured.Identity != _identity)
            {
                return;
            }

            _oldest = Math.Max(_oldest, captured.Sequence);
            foreach (int sequence in _closed.Keys.Where(sequence => sequence <= captured.Sequence).ToArray())
            {
                _closed.Remove(sequence);
            }
        }
    }

    /// <summary>Loses everything, as a hypervisor that was killed does: all tokens so far become unknown.</summary>
    public void Lose(long identity)
    {
        lock (_lock)
        {
            _identity = identity;
            _closed.Clear();
            _open = [];
            _oldest = _sequence;
        }
    }

    public ChangedExtents Query(TrackerPosition since, TrackerPosition until, long length)
    {
        lock (_lock)
        {
            if (since.Identity != _identity || until.Identity != _identity)
            {
                return ChangedExtents.Unknown("the change map was lost");
            }

            if (since.Sequence < _oldest || since.Sequence > until.Sequence)
            {
                return ChangedExtents.Unknown("the change map does not reach back to that snapshot");
            }

            return ChangedExtents.Known(Merge(_closed.Where(map => map.Key > since.Sequence && map.Key <= until.Sequence).SelectMany(map => map.Value), length));
        }
    }

    private static List<DiskExtent> Merge(IEnumerable<DiskExtent> extents, long length)
    {
        var merged = new List<DiskExtent>();
        foreach (DiskExtent extent in extents.OrderBy(extent => extent.Offset))
        {
            long end = Math.Min(extent.End, length);
            if (end <= extent.Offset)
            {
                continue;
            }

            if (merged.Count > 0 && merged[^1].End >= extent.Offset)
            {
                merged[^1] = merged[^1] with { Length = Math.Max(merged[^1].End, end) - merged[^1].Offset };
            }
            else
            {
                merged.Add(new DiskExtent(extent.Offset, end - extent.Offset, ExtentKind.Data));
            }
        }

        return merged;
    }
}

/// <summary>Where a change map stands: which map, and how many snapshots it has seen.</summary>
internal readonly record struct TrackerPosition(long Identity, int Sequence)
{
    public ChangeToken ToToken() => new(string.Create(CultureInfo.InvariantCulture, $"{Identity}:{Sequence}"));

    public static TrackerPosition? Parse(ChangeToken token) =>
        token.Value?.Split(':') is [var identity, var sequence]
        && long.TryParse(identity, NumberStyles.None, CultureInfo.InvariantCulture, out long map)
        && int.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? new TrackerPosition(map, number)
            : null;
}
