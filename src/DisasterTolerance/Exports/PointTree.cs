using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Exports;

/// <summary>Looks up which chunks a disk of a point has. Thread-safe.</summary>
internal sealed class PointTree(INodeSource source, ChunkGeometry geometry, DiskTree tree)
{
    // A request takes one while it looks up; more at once than this are made and thrown away.
    private const int MaxReaders = 32;

    private readonly ConcurrentBag<TreeReader> _readers = [];

    /// <summary>The hashes of the chunks from a position on; zero for those that are zeros.</summary>
    public async ValueTask ReadAsync(long first, Memory<ContentHash> hashes, CancellationToken cancellationToken)
    {
        // One that failed is not used again.
        var reader = _readers.TryTake(out var free) ? free : new TreeReader(source, geometry, tree);
        for (var i = 0; i < hashes.Length; i++)
        {
            var hash = await reader.GetLeafAsync(first + i, cancellationToken).ConfigureAwait(false);
            hashes.Span[i] = hash;
        }

        if (_readers.Count < MaxReaders)
        {
            _readers.Add(reader);
        }
    }

    /// <summary>Data and holes from the chunk of an offset on, until a chunk that ends at or behind <paramref name="end"/>.</summary>
    public async IAsyncEnumerable<DiskExtent> ExtentsAsync(long offset, long end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long chunk = geometry.ChunkSize;
        var first = offset / chunk;
        var stop = (end + chunk - 1) / chunk;
        var (hole, data) = (first, first);
        await foreach (var leaves in new TreeReader(source, geometry, tree).LeavesAsync(first, stop - first, cancellationToken).ConfigureAwait(false))
        {
            for (var i = 0; i < leaves.Length; i++)
            {
                var position = leaves.Span[i].Position;
                if (position == data)
                {
                    data++;
                    continue;
                }

                // What was found so far: a hole (empty if data came right behind data), then data up to here.
                if (data > hole)
                {
                    yield return new(hole * chunk, (data - hole) * chunk, ExtentKind.Data);
                }

                yield return new(data * chunk, (position - data) * chunk, ExtentKind.Unallocated);
                (hole, data) = (position, position + 1);
            }
        }

        if (data > hole)
        {
            yield return new(hole * chunk, (data - hole) * chunk, ExtentKind.Data);
        }

        if (stop > data)
        {
            yield return new(data * chunk, (stop - data) * chunk, ExtentKind.Unallocated);
        }
    }
}
