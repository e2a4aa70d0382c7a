using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Capture;

/// <summary>
/// Reads a random sample of the chunks that a tracker called unchanged and compares them with the parent point. A disk that has no more chunks than the sample is checked whole. Used for one
/// snapshot; not thread-safe.
/// </summary>
internal sealed class TrackerAudit(INodeSource nodes, ChunkGeometry geometry, int chunks, Random random, ProgressDeadline deadline)
{
    // Large chunks must not make a check the longest part of a small run.
    private const int MostBytes = 16 << 20;

    private readonly int _chunks = Math.Min(chunks, MostBytes / geometry.ChunkSize);

    /// <summary>Bytes read so far.</summary>
    public long ReadBytes { get; private set; }

    /// <summary>The position of a chunk that differs though the tracker did not name it; null if none was found.</summary>
    /// <param name="disk">The disk in the snapshot.</param>
    /// <param name="parent">Its tree at the parent point.</param>
    /// <param name="changed">What the tracker named.</param>
    public async ValueTask<long?> FindMissedAsync(ISnapshotDisk disk, DiskTree parent, IReadOnlyList<ChunkRange> changed)
    {
        var sample = new TrackerSample(changed, geometry.LeafCount(disk.Definition.LengthBytes));
        var leaves = new TreeReader(nodes, geometry, parent);
        var buffer = ArrayPool<byte>.Shared.Rent(geometry.ChunkSize);
        try
        {
            foreach (var position in await ChooseAsync(sample, parent).ConfigureAwait(false))
            {
                var offset = position * geometry.ChunkSize;
                var length = (int)Math.Min(geometry.ChunkSize, disk.Definition.LengthBytes - offset);
                var chunk = buffer.AsMemory(0, geometry.ChunkSize);
                await disk.ReadAsync(offset, chunk[..length], deadline.Token).ConfigureAwait(false);
                chunk.Span[length..].Clear();
                ReadBytes += length;
                deadline.Moved();
                if (ChunkContent.Name(chunk.Span) != await leaves.GetLeafAsync(position, deadline.Token).ConfigureAwait(false))
                {
                    return position;
                }
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<IReadOnlyCollection<long>> ChooseAsync(TrackerSample sample, DiskTree parent)
    {
        SortedSet<long> chosen = [];
        if (sample.Count <= _chunks)
        {
            for (long i = 0; i < sample.Count; i++)
            {
                chosen.Add(sample.At(i));
            }

            return chosen;
        }

        // A sparse disk is mostly zeros, and changes are mostly where data is: three of four are chunks that hold some, the last one may be anywhere.
        var view = new TreeView(nodes, geometry, parent, parent.Depth);
        for (var attempt = 0; attempt < _chunks && chosen.Count < _chunks - (_chunks / 4); attempt++)
        {
            if (await FindDataAsync(view, parent).ConfigureAwait(false) is { } position && sample.Contains(position))
            {
                chosen.Add(position);
            }
        }

        for (var attempt = 0; attempt < 4 * _chunks && chosen.Count < _chunks; attempt++)
        {
            chosen.Add(sample.At(random.NextInt64(sample.Count)));
        }

        return chosen;
    }

    /// <summary>A chunk that holds data, by a random way down the tree; null if there is none.</summary>
    private async ValueTask<long?> FindDataAsync(TreeView view, DiskTree tree)
    {
        if (tree.Root.IsZero)
        {
            return null;
        }

        var children = new ContentHash[geometry.FanOut];
        var (hash, position) = (tree.Root, 0L);
        for (var level = tree.Depth; level > 0; level--)
        {
            await view.LoadAsync(level, hash, children, deadline.Token).ConfigureAwait(false);
            var data = Enumerable.Range(0, children.Length).Where(slot => !children[slot].IsZero).ToArray();
            var slot = data[random.Next(data.Length)];
            position += slot * geometry.SpanOf(level - 1);
            hash = children[slot];
        }

        return position;
    }
}
