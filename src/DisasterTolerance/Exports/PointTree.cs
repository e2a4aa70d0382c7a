using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Exports;

/// <summary>A run of chunks that have something or do not. Immutable.</summary>
internal readonly record struct ChunkStretch(long First, long End, bool Has);

/// <summary>Looks up which chunks a disk of a point has. Thread-safe.</summary>
internal sealed class PointTree(INodeSource source, ChunkGeometry geometry, DiskTree tree)
{
    // A request takes one while it looks up; more at once than this are made and thrown away.
    private const int MaxReaders = 32;

    // So many are looked up faster one by one than by a walk, which begins at the root.
    private const int FewChunks = 128;

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

    /// <summary>Which chunks of a range are not zeros.</summary>
    public IAsyncEnumerable<ChunkStretch> DataAsync(long first, long end, CancellationToken cancellationToken) => end - first <= FewChunks
        ? LookUpAsync(first, (int)(end - first), cancellationToken)
        : StretchAsync(DiffAsync(DiskTree.Empty(geometry, 0), first, cancellationToken), first, end, cancellationToken);

    /// <summary>Which chunks of a range differ from those of another tree of the same store and geometry.</summary>
    public IAsyncEnumerable<ChunkStretch> ChangedAsync(DiskTree old, long first, long end, CancellationToken cancellationToken) =>
        StretchAsync(DiffAsync(old, first, cancellationToken), first, end, cancellationToken);

    private async IAsyncEnumerable<ChunkStretch> LookUpAsync(long first, int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hashes = new ContentHash[count];
        await ReadAsync(first, hashes, cancellationToken).ConfigureAwait(false);
        for (var at = 0; at < count;)
        {
            var from = at;
            var has = !hashes[at].IsZero;
            while (at < count && !hashes[at].IsZero == has)
            {
                at++;
            }

            yield return new(first + from, first + at, has);
        }
    }

    private IAsyncEnumerable<ReadOnlyMemory<LeafChange>> DiffAsync(DiskTree old, long first, CancellationToken cancellationToken) =>
        TreeDiff.WalkAsync(source, old, source, tree, geometry, first, cancellationToken);

    private static async IAsyncEnumerable<ChunkStretch> StretchAsync(
        IAsyncEnumerable<ReadOnlyMemory<LeafChange>> changes, long first, long end, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // What was found so far: chunks up to the one place have it not, from there to the other place they have it.
        var (from, to) = (first, first);
        await foreach (var batch in changes.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            for (var i = 0; i < batch.Length; i++)
            {
                var position = batch.Span[i].Position;
                if (position >= end)
                {
                    break;
                }

                if (position > to)
                {
                    if (to > from)
                    {
                        yield return new(from, to, true);
                    }

                    yield return new(to, position, false);
                    from = position;
                }

                to = position + 1;
            }

            if (batch.Span[^1].Position >= end)
            {
                break;
            }
        }

        if (to > from)
        {
            yield return new(from, to, true);
        }

        if (end > to)
        {
            yield return new(to, end, false);
        }
    }
}
