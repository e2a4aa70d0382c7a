using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>Describes what an index covers, and decides later whether it still does. Thread-safe.</summary>
internal sealed class IndexCover(IStorageProvider storage, StoreIdentity identity)
{
    /// <summary>Describes an index that holds all good records of these packs.</summary>
    /// <param name="packs">All packs in ascending order, all sealed.</param>
    /// <param name="damaged">The records that are known to be damaged.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask<IndexStamp> DescribeAsync(IReadOnlyList<PackState> packs, IEnumerable<(int Pack, int Offset)> damaged, CancellationToken cancellationToken)
    {
        var covered = packs.Select(pack => new CoveredPack(pack.Sequence, pack.DurableLength, pack.SealedLength, pack.Entries)).ToArray();
        var last = covered.Length == 0 ? new byte[IndexStamp.LastBytes] : await ReadLastAsync(covered[^1], cancellationToken).ConfigureAwait(false);
        return new IndexStamp(identity.StoreId, identity.Generation, IndexStamp.DigestOf(damaged), covered, last);
    }

    /// <summary>
    /// Decides whether an index may be used: it is of this store and generation, leaves the same damaged records out, and every pack that it names is still there. Packs that it does not name
    /// are for the caller to read.
    /// </summary>
    /// <returns>The packs that need not be read; none if it may not be used.</returns>
    public async ValueTask<IReadOnlyDictionary<int, CoveredPack>> CheckAsync(
        IndexStamp? stamp, IEnumerable<(int Pack, int Offset)> damaged, IReadOnlyDictionary<int, BlobInfo> packs, IReadOnlyCollection<int> open, CancellationToken cancellationToken)
    {
        var none = new Dictionary<int, CoveredPack>();
        if (stamp is null || stamp.Packs.Count == 0 || stamp.Store != identity.StoreId || stamp.Generation != identity.Generation || stamp.Damage != IndexStamp.DigestOf(damaged))
        {
            return none;
        }

        foreach (var pack in stamp.Packs)
        {
            if (open.Contains(pack.Sequence) || !packs.TryGetValue(pack.Sequence, out var blob) || blob.Length != pack.SealedLength)
            {
                return none;
            }
        }

        // A store that was put back to an older copy and has gone on since may have other packs under the same numbers, the highest one for certain.
        var last = await ReadLastAsync(stamp.Packs[^1], cancellationToken).ConfigureAwait(false);
        return last.AsSpan().SequenceEqual(stamp.Last) ? stamp.Packs.ToDictionary(pack => pack.Sequence) : none;
    }

    private async ValueTask<byte[]> ReadLastAsync(CoveredPack pack, CancellationToken cancellationToken)
    {
        var bytes = new byte[IndexStamp.LastBytes];
        await storage.ReadAsync(PackFormat.NameOf(pack.Sequence), pack.SealedLength - bytes.Length, bytes, cancellationToken).ConfigureAwait(false);
        return bytes;
    }
}
