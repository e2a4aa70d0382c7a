using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Capture;

/// <summary>A run of chunks. Immutable.</summary>
/// <param name="First">First position.</param>
/// <param name="Count">Chunks.</param>
internal readonly record struct ChunkRange(long First, long Count)
{
    public long End => First + Count;
}

/// <summary>Which chunks have to be read, from extents in bytes. Pure: nothing is read here.</summary>
internal static class ChunkRanges
{
    /// <summary>
    /// The chunks that hold data, ascending and without overlaps; a chunk that is only partly data is read whole. The extents must be what <see cref="ISnapshotDisk.GetExtentsAsync"/> promises; one that is not
    /// is the provider's error.
    /// </summary>
    public static async IAsyncEnumerable<ChunkRange> OfDataAsync(
        IAsyncEnumerable<DiskExtent> extents, DiskDefinition disk, ChunkGeometry geometry, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ChunkRange? open = null;
        long expected = 0;
        await foreach (var extent in extents.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (extent.Offset != expected || extent.Length <= 0 || extent.End > disk.LengthBytes)
            {
                throw new HypervisorException(
                    ErrorCode.HypervisorFailed, null,
                    $"Disk '{disk.Id}': the provider named an extent at {extent.Offset} of {extent.Length} bytes where one at {expected} was due in {disk.LengthBytes} bytes. Report this to the provider's author.");
            }

            expected = extent.End;
            if (extent.Kind != ExtentKind.Data)
            {
                continue;
            }

            var (joined, done) = Join(open, ToChunks(extent, geometry));
            open = joined;
            if (done is { } range)
            {
                yield return range;
            }
        }

        if (expected != disk.LengthBytes)
        {
            throw new HypervisorException(
                ErrorCode.HypervisorFailed, null,
                $"Disk '{disk.Id}': the provider's extents end at {expected}, the disk at {disk.LengthBytes} bytes. Report this to the provider's author.");
        }

        if (open is { } last)
        {
            yield return last;
        }
    }

    /// <summary>The chunks that a tracker calls changed, and those at the end of a disk that grew or shrank, ascending and without overlaps.</summary>
    /// <param name="changed">What the tracker said; parts beyond the disk's end are passed over.</param>
    /// <param name="length">The disk's length in bytes.</param>
    /// <param name="oldLength">Its length at the base.</param>
    /// <param name="geometry">The machine's geometry.</param>
    public static IReadOnlyList<ChunkRange> OfChanges(IReadOnlyList<DiskExtent> changed, long length, long oldLength, ChunkGeometry geometry)
    {
        var leaves = geometry.LeafCount(length);
        var wanted = changed.Where(e => e.Offset < length && e.Length > 0).Select(e => ToChunks(e, geometry)).ToList();
        if (length != oldLength)
        {
            // A tracker speaks of writes, not of the disk's end: the chunk in which the shorter disk ends has other content now, and what was added may hold anything.
            var from = Math.Min(length, oldLength) / geometry.ChunkSize;
            wanted.Add(new ChunkRange(from, Math.Max(0, leaves - from)));
        }

        List<ChunkRange> ranges = [];
        ChunkRange? open = null;
        foreach (var range in wanted.Select(r => r with { Count = Math.Min(r.End, leaves) - r.First }).Where(r => r.Count > 0).OrderBy(r => r.First))
        {
            var (joined, done) = Join(open, range);
            open = joined;
            if (done is { } finished)
            {
                ranges.Add(finished);
            }
        }

        if (open is { } last)
        {
            ranges.Add(last);
        }

        return ranges;
    }

    private static ChunkRange ToChunks(DiskExtent extent, ChunkGeometry geometry)
    {
        var first = extent.Offset / geometry.ChunkSize;
        return new ChunkRange(first, geometry.LeafCount(extent.End) - first);
    }

    private static (ChunkRange Open, ChunkRange? Done) Join(ChunkRange? open, ChunkRange next) => open switch
    {
        null => (next, null),
        { } o when next.First <= o.End => (o with { Count = Math.Max(o.End, next.End) - o.First }, null),
        { } o => (next, o),
    };
}
