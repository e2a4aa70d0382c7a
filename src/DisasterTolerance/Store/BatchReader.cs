using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>
/// Reads many records at once: one look-up for all, and one read for neighbours in a pack. Whatever is not simply there is left to <see cref="RecordReader"/>,
/// which knows what to do about it. Thread-safe.
/// </summary>
internal sealed class BatchReader(IStorageProvider storage, StoreLedger ledger, RecordReader single, ArrayPool<byte> buffers)
{
    // What lies between two wanted records is read too if it is no longer than this: cheaper than a second call. Benchmark: restore.
    private const int MostBetween = 32 << 10;

    // Longer reads gain nothing any more and hold more memory. Benchmark: restore.
    private const int MostPerRead = 1 << 20;

    // As many as work at the same time; more are made and thrown away.
    private const int MostPooled = 32;

    private readonly ConcurrentBag<RecordBatch> _pool = [];

    /// <summary>Reads and verifies the contents of records that all have the same length, one behind the other.</summary>
    public async ValueTask ReadAsync(ReadOnlyMemory<ContentHash> hashes, RecordKind kind, int length, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var batch = _pool.TryTake(out var pooled) ? pooled : new RecordBatch(buffers);
        try
        {
            await FetchAsync(hashes, batch, cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < hashes.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var (hash, content) = (hashes.Span[i], destination.Slice(i * length, length));
                if (!await TryDecodeAsync(batch[i], kind, content, cancellationToken).ConfigureAwait(false))
                {
                    var read = await single.ReadAsync(hash, kind, content, cancellationToken).ConfigureAwait(false);
                    if (read != length)
                    {
                        throw new DisasterToleranceException(ErrorCode.DataDamaged, $"{kind} {hash} has {read} bytes instead of {length}.");
                    }
                }
            }
        }
        finally
        {
            batch.Dispose();
            if (_pool.Count < MostPooled)
            {
                _pool.Add(batch);
            }
        }
    }

    /// <summary>Reads records as they lie and checks their checksums.</summary>
    public async ValueTask FetchAsync(ReadOnlyMemory<ContentHash> hashes, RecordBatch batch, CancellationToken cancellationToken)
    {
        batch.Clear(hashes.Length);
        Locate(hashes.Span, batch);
        var order = batch.SortByPlace();
        for (var first = 0; first < order.Length;)
        {
            var (next, end) = Stretch(batch, order.Span, first);
            var start = batch.Locations[order.Span[first]];
            var bytes = batch.Rent(end - start.Offset);
            if (await IsReadAsync(batch.Packs[order.Span[first]]!, start.Offset, bytes, cancellationToken).ConfigureAwait(false))
            {
                Check(hashes.Span, batch, order.Span[first..next], start.Offset, bytes);
            }

            first = next;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TryDecodeAsync(ReadOnlyMemory<byte> record, RecordKind kind, Memory<byte> content, CancellationToken cancellationToken)
    {
        if (RecordHeader.Read(record.Span, out var header) != RecordFault.None || header.Kind != kind || header.RawLength != content.Length)
        {
            return false;
        }

        try
        {
            return await single.DecodeAsync(record, header, content, mayDrop: true, cancellationToken).ConfigureAwait(false) == RecordFault.None;
        }
        catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
        {
            // A patch whose base cannot be read: looked for again alone, for it may have come anew meanwhile, and if not, that says so.
            return false;
        }
    }

    private void Locate(ReadOnlySpan<ContentHash> hashes, RecordBatch batch)
    {
        lock (ledger.Gate)
        {
            for (var i = 0; i < hashes.Length; i++)
            {
                var location = batch.Locations[i] = ledger.FindLocked(hashes[i]);
                var pack = location.IsNowhere ? null : ledger.FindPackLocked(location.Pack);
                batch.Packs[i] = pack is not null && location.Offset + location.Length <= pack.DurableLength ? pack.Name : null;
            }
        }
    }

    /// <summary>How many records from one on are read together, and where the last of them ends.</summary>
    private static (int Next, int End) Stretch(RecordBatch batch, ReadOnlySpan<int> order, int first)
    {
        var start = batch.Locations[order[first]];
        var end = start.Offset + start.Length;
        var next = first + 1;
        for (; next < order.Length; next++)
        {
            var location = batch.Locations[order[next]];
            var reach = Math.Max(end, location.Offset + location.Length);
            if (location.Pack != start.Pack || location.Offset - end > MostBetween || reach - start.Offset > MostPerRead)
            {
                break;
            }

            end = reach;
        }

        return (next, end);
    }

    private async ValueTask<bool> IsReadAsync(string pack, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return await storage.ReadAsync(pack, offset, destination, cancellationToken).ConfigureAwait(false) == destination.Length;
        }
        catch (StorageException error) when (error.Code == ErrorCode.BlobNotFound)
        {
            // A sweep took the pack away: the records are looked for again, one by one.
            return false;
        }
    }

    private static void Check(ReadOnlySpan<ContentHash> hashes, RecordBatch batch, ReadOnlySpan<int> indexes, int start, ReadOnlyMemory<byte> bytes)
    {
        foreach (var index in indexes)
        {
            var location = batch.Locations[index];
            var record = bytes.Slice(location.Offset - start, location.Length);
            if (RecordFormat.Check(record.Span, out var header) == RecordFault.None && header.Hash == hashes[index])
            {
                batch.Set(index, record);
            }
        }
    }
}
