using System.Buffers;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>Lists the records of one pack while the store is in use. Thread-safe.</summary>
internal sealed class PackInventory(IStorageProvider storage, StoreLedger ledger)
{
    private const int BatchEntries = 4096;

    /// <summary>The pack's records in the order of their offsets, at least all that the index places there.</summary>
    public async ValueTask<List<PackEntry>> ListAsync(PackState pack, CancellationToken cancellationToken)
    {
        if (pack.IsSealed)
        {
            try
            {
                var entries = await PackReader.ReadTrailerAsync(storage, pack.Name, pack.SealedLength, cancellationToken).ConfigureAwait(false);
                if (entries?.Count == pack.Entries)
                {
                    return entries;
                }
            }
            catch (StorageException error) when (error.Code == ErrorCode.BlobNotFound)
            {
                return FromIndex(pack);
            }
        }

        return FromIndex(pack);
    }

    // Dear: one pass through the whole index. Only for packs that are open, damaged or gone.
    private List<PackEntry> FromIndex(PackState pack)
    {
        var entries = new List<PackEntry>();
        var batch = ArrayPool<IndexEntry>.Shared.Rent(BatchEntries);
        try
        {
            long cursor = 0;
            int read;
            while ((read = ledger.ReadIndex(ref cursor, batch.AsSpan(0, BatchEntries))) > 0)
            {
                for (var i = 0; i < read; i++)
                {
                    if (batch[i].Location.Pack == pack.Sequence)
                    {
                        entries.Add(ledger.ToEntry(batch[i]));
                    }
                }
            }
        }
        finally
        {
            ArrayPool<IndexEntry>.Shared.Return(batch);
        }

        entries.Sort((left, right) => left.Offset.CompareTo(right.Offset));
        return entries;
    }
}
