using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>Builds the index from the packs when a store is opened, and seals packs that a crash left open.</summary>
internal sealed class PackLoader(IAppendStorage storage, StoreLedger ledger, StoreIdentity identity, PagedChunkIndex index, ILogger log)
{
    /// <summary>The blob that keeps sequence numbers from being used again after the highest pack was deleted.</summary>
    public const string SequencePrefix = "sequence/";

    private HashSet<(int Pack, int Offset)> _damaged = [];
    private int _highest;

    /// <summary>Loads all packs.</summary>
    /// <param name="damage">The records that are known to be damaged.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The sequence number for the next pack.</returns>
    public async ValueTask<int> LoadAsync(DamageList damage, CancellationToken cancellationToken)
    {
        _damaged = await damage.ReadAsync(cancellationToken).ConfigureAwait(false);
        await foreach (var blob in storage.ListAsync(SequencePrefix, cancellationToken).ConfigureAwait(false))
        {
            _highest = Math.Max(_highest, PackFormat.SequenceOf(blob.Name, SequencePrefix) ?? 0);
        }

        var open = new Dictionary<int, BlobInfo>();
        await foreach (var blob in storage.ListOpenAsync(PackFormat.Prefix, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.SequenceOf(blob.Name) is { } sequence)
            {
                open[sequence] = blob;
            }
        }

        // In ascending order: a record that was received again lies in a later pack than its damaged copy.
        var packs = new SortedDictionary<int, BlobInfo>(open);
        await foreach (var blob in storage.ListAsync(PackFormat.Prefix, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.SequenceOf(blob.Name) is { } sequence)
            {
                packs[sequence] = blob;
                open.Remove(sequence);
            }
        }

        var covered = await new IndexCover(storage, identity).CheckAsync(index.Stamp, _damaged, packs, open.Keys, cancellationToken).ConfigureAwait(false);
        if (covered.Count == 0 && index.Stamp is not null)
        {
            Log.IndexStale(log);
            index.Clear();
        }

        ledger.LoadBases(index.Bases.Span);

        foreach (var (sequence, blob) in packs)
        {
            _highest = Math.Max(_highest, sequence);
            if (covered.TryGetValue(sequence, out var known))
            {
                lock (ledger.Gate)
                {
                    ledger.AddPackLocked(new PackState(sequence) { DurableLength = known.DurableLength, SealedLength = known.SealedLength, Entries = known.Entries });
                }
            }
            else if (open.ContainsKey(sequence))
            {
                await LoadOpenAsync(sequence, blob, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await LoadSealedAsync(sequence, blob, cancellationToken).ConfigureAwait(false);
            }
        }

        return _highest + 1;
    }

    private async ValueTask LoadSealedAsync(int sequence, BlobInfo blob, CancellationToken cancellationToken)
    {
        await CheckHeaderAsync(sequence, blob.Name, cancellationToken).ConfigureAwait(false);
        var entries = await PackReader.ReadTrailerAsync(storage, blob.Name, blob.Length, cancellationToken).ConfigureAwait(false);
        if (entries is null)
        {
            var scan = await PackReader.ScanAsync(storage, blob.Name, blob.Length, cancellationToken).ConfigureAwait(false);
            Log.PackScanned(log, blob.Name, "its trailer is damaged", scan.Entries.Count, scan.SkippedBytes);
            entries = scan.Entries;

            // Without the trailer it cannot be told whether records at the end are gone.
            identity.RaiseGeneration();
        }

        Add(sequence, entries, entries.Count == 0 ? PackFormat.HeaderSize : entries[^1].Offset + entries[^1].Length, blob.Length);
    }

    private async ValueTask LoadOpenAsync(int sequence, BlobInfo blob, CancellationToken cancellationToken)
    {
        await CheckHeaderAsync(sequence, blob.Name, cancellationToken).ConfigureAwait(false);
        var scan = await PackReader.ScanAsync(storage, blob.Name, blob.Length, cancellationToken).ConfigureAwait(false);
        Log.PackScanned(log, blob.Name, "it was open when the process ended", scan.Entries.Count, scan.SkippedBytes);
        if (scan.SkippedBytes > 0)
        {
            identity.RaiseGeneration();
        }

        if (scan.Entries.Count == 0)
        {
            await DropEmptyAsync(blob.Name, cancellationToken).ConfigureAwait(false);
            return;
        }

        var resumed = await storage.ResumeAsync(blob.Name, scan.GoodEnd, cancellationToken).ConfigureAwait(false);
        await using (resumed.ConfigureAwait(false))
        {
            // Read back is not the same as durable: only after this may anything in it be answered as held.
            await resumed.FlushAsync(cancellationToken).ConfigureAwait(false);
            long length = 0;
            try
            {
                var trailer = new byte[PackFormat.TrailerLength(scan.Entries.Count, scan.Entries.Count(entry => entry.IsPatch))];
                PackFormat.WriteTrailer(trailer, scan.Entries, scan.GoodEnd);
                await resumed.AppendAsync(trailer, cancellationToken).ConfigureAwait(false);
                await resumed.SealAsync(cancellationToken).ConfigureAwait(false);
                length = scan.GoodEnd + trailer.Length;
            }
            catch (StorageException cause)
            {
                // A full disk must not keep a store from being read and swept; the next start seals it.
                Log.PackNotClosed(log, blob.Name, cause);
            }

            Add(sequence, scan.Entries, scan.GoodEnd, length);
        }
    }

    private async ValueTask CheckHeaderAsync(int sequence, string name, CancellationToken cancellationToken)
    {
        var header = await PackReader.ReadHeaderAsync(storage, name, cancellationToken).ConfigureAwait(false);
        if (header is not null && (header.Store != identity.StoreId || header.Sequence != sequence))
        {
            Log.PackOfAnother(log, name, header.Store, header.Sequence);
            identity.RaiseGeneration();
        }
    }

    private async ValueTask DropEmptyAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var blob = await storage.ResumeAsync(name, 0, cancellationToken).ConfigureAwait(false);
            await using (blob.ConfigureAwait(false))
            {
                await blob.SealAsync(cancellationToken).ConfigureAwait(false);
            }

            await storage.DeleteAsync(name, cancellationToken).ConfigureAwait(false);
        }
        catch (StorageException cause)
        {
            Log.PackNotClosed(log, name, cause);
        }
    }

    private void Add(int sequence, List<PackEntry> entries, int durableLength, long sealedLength)
    {
        lock (ledger.Gate)
        {
            ledger.AddPackLocked(new PackState(sequence) { DurableLength = durableLength, SealedLength = sealedLength, Entries = entries.Count });
            foreach (var entry in entries)
            {
                if (!_damaged.Contains((sequence, entry.Offset)))
                {
                    ledger.SetLocked(sequence, entry);
                }
            }
        }
    }
}
