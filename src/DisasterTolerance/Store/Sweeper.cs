using System.Buffers;
using System.Globalization;
using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>
/// Deletes packs without live records and copies the live records out of packs that have few. A record goes only if the finished mark did not reach it and no
/// scope relies on it, both decided under the ledger's gate; a copy is durable before its pack goes.
/// </summary>
internal sealed class Sweeper(
    IRecordStore store, IStorageProvider storage, StoreLedger ledger, PackWriter writer, RecordReader reader, PackInventory inventory, DamageList damage,
    StoreOptions options, ILogger log) : IDisposable
{
    // So many small packs are worth a merge.
    private const int MergeFrom = 8;

    private readonly SemaphoreSlim _turn = new(1, 1);

    public async ValueTask<SweepReport> SweepAsync(
        Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>> readRoots, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        ledger.BeginSweep();
        try
        {
            return await SweepWatchedAsync(readRoots, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ledger.EndSweep();
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private async ValueTask<SweepReport> SweepWatchedAsync(
        Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>> readRoots, CancellationToken cancellationToken)
    {
        await writer.SealAsync(cancellationToken).ConfigureAwait(false);
        var packs = ledger.SnapshotPacks().Where(pack => pack.IsSealed).ToArray();
        var marker = new Marker(store, ledger);
        var roots = await readRoots(cancellationToken).ConfigureAwait(false);

        // The pinned ones after the others were read: who pins first and then finds the point still listed is safe.
        LiveRoot[] all = [.. roots, .. ledger.PinnedRoots()];
        foreach (var root in all.Where(root => !root.IsDamaged))
        {
            await marker.FollowAsync(root, cancellationToken).ConfigureAwait(false);
        }

        if (!marker.IsComplete)
        {
            Log.SweepIncomplete(log, marker.Missing.Count);
            return new SweepReport(false, marker.Missing, packs.Length, 0, 0, 0, marker.Bytes);
        }

        // Last, so that what they lack is not taken for followed where a good point needs it too.
        foreach (var root in all.Where(root => root.IsDamaged))
        {
            await marker.FollowAsync(root, cancellationToken).ConfigureAwait(false);
        }

        return await RemoveAsync(packs, marker, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<SweepReport> RemoveAsync(PackState[] packs, Marker marker, CancellationToken cancellationToken)
    {
        var live = CountLive(marker);
        long freed = 0, copied = 0;
        var deleted = 0;
        foreach (var pack in Choose(packs, live))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (await RemoveAsync(pack, marker, cancellationToken).ConfigureAwait(false) is { } moved)
                {
                    deleted++;
                    freed += pack.SealedLength;
                    copied += moved;
                }
            }
            catch (StorageException cause)
            {
                Log.PackNotSwept(log, pack.Name, cause);
            }
        }

        Log.Swept(log, deleted, packs.Length, freed, copied);
        return new SweepReport(true, marker.Missing, packs.Length, deleted, freed, copied, marker.Bytes);
    }

    private Dictionary<int, long> CountLive(Marker marker)
    {
        var live = new Dictionary<int, long>();
        var batch = ArrayPool<IndexEntry>.Shared.Rent(4096);
        try
        {
            long cursor = 0;
            int read;
            while ((read = ledger.ReadIndex(ref cursor, batch)) > 0)
            {
                foreach (var (hash, location) in batch.AsSpan(0, read))
                {
                    if (marker.IsLive(hash))
                    {
                        live[location.Pack] = live.GetValueOrDefault(location.Pack) + location.Length;
                    }
                }
            }
        }
        finally
        {
            ArrayPool<IndexEntry>.Shared.Return(batch);
        }

        return live;
    }

    // Packs without anything live first: deleting them makes the room that copying needs.
    private IEnumerable<PackState> Choose(PackState[] packs, Dictionary<int, long> live)
    {
        var small = packs.Where(pack => pack.SealedLength < options.PackBytes / 4).ToHashSet();
        return packs
            .Select(pack => (Pack: pack, Live: live.GetValueOrDefault(pack.Sequence)))
            .Where(item => item.Live == 0 || item.Live < (item.Pack.DurableLength - PackFormat.HeaderSize) * options.RewriteBelowLiveShare || (small.Count >= MergeFrom && small.Contains(item.Pack)))
            .OrderBy(item => item.Live)
            .Select(item => item.Pack);
    }

    /// <returns>Bytes copied out of the pack before it was deleted, or null if it stays.</returns>
    private async ValueTask<long?> RemoveAsync(PackState pack, Marker marker, CancellationToken cancellationToken)
    {
        var entries = await inventory.ListAsync(pack, cancellationToken).ConfigureAwait(false);
        var moved = new Dictionary<ContentHash, StagedRecord>();
        long bytes = 0;
        var losses = ledger.Losses;
        foreach (var entry in entries.Where(entry => IsNeeded(pack, entry, marker)))
        {
            if (await CopyAsync(pack, entry, cancellationToken).ConfigureAwait(false) is { } copy)
            {
                moved[entry.Hash] = copy;
                bytes += entry.Length;
            }
        }

        await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (ledger.Losses != losses || !TryDetach(pack, entries, moved, marker))
        {
            return null;
        }

        await KeepSequenceAsync(pack, cancellationToken).ConfigureAwait(false);
        await storage.DeleteAsync(pack.Name, cancellationToken).ConfigureAwait(false);
        lock (ledger.Gate)
        {
            ledger.RemovePackLocked(pack);
        }

        await damage.RemoveAsync(pack.Sequence, cancellationToken).ConfigureAwait(false);
        return bytes;
    }

    private bool IsNeeded(PackState pack, PackEntry entry, Marker marker)
    {
        lock (ledger.Gate)
        {
            return ledger.FindLocked(entry.Hash).IsAt(pack.Sequence, entry) && (marker.IsLive(entry.Hash) || ledger.IsPinnedLocked(entry.Hash));
        }
    }

    private async ValueTask<StagedRecord?> CopyAsync(PackState pack, PackEntry entry, CancellationToken cancellationToken)
    {
        await writer.MakeRoomAsync(cancellationToken).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(entry.Length);
        try
        {
            int length;
            try
            {
                length = await reader.ReadStoredAsync(entry.Hash, buffer.AsMemory(0, entry.Length), cancellationToken).ConfigureAwait(false);
            }
            catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
            {
                // It was dropped and reported by the reader: there is nothing good to copy.
                return null;
            }

            RecordHeader.Read(buffer.AsSpan(0, length), out var header);
            lock (ledger.Gate)
            {
                return ledger.FindLocked(entry.Hash).IsAt(pack.Sequence, entry) ? writer.StageLocked(buffer.AsSpan(0, length), header) : null;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // All or nothing for the deletion; copies that are durable are used in any case.
    private bool TryDetach(PackState pack, List<PackEntry> entries, Dictionary<ContentHash, StagedRecord> moved, Marker marker)
    {
        lock (ledger.Gate)
        {
            var dead = new List<PackEntry>();
            foreach (var entry in entries)
            {
                if (!ledger.FindLocked(entry.Hash).IsAt(pack.Sequence, entry))
                {
                    continue;
                }

                if (moved.TryGetValue(entry.Hash, out var copy))
                {
                    ledger.SetLocked(copy.Pack, copy.Entry);
                }
                else if (marker.IsLive(entry.Hash) || ledger.IsPinnedLocked(entry.Hash))
                {
                    return false;
                }
                else
                {
                    dead.Add(entry);
                }
            }

            foreach (var entry in dead)
            {
                ledger.ForgetLocked(pack.Sequence, entry);
            }

            return true;
        }
    }

    private async ValueTask KeepSequenceAsync(PackState pack, CancellationToken cancellationToken)
    {
        if (ledger.SnapshotPacks()[^1] != pack)
        {
            return;
        }

        var name = PackLoader.SequencePrefix + pack.Sequence.ToString("x16", CultureInfo.InvariantCulture);
        if (await storage.GetLengthAsync(name, cancellationToken).ConfigureAwait(false) is null)
        {
            await storage.PutAsync(name, Stream.Null, cancellationToken).ConfigureAwait(false);
        }
    }
}
