using System.Buffers;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>Reads single records, wherever a sweep moves them meanwhile. What turns out to be damaged is dropped from the index. Thread-safe.</summary>
internal sealed partial class RecordReader(IStorageProvider storage, StoreLedger ledger, PackWriter writer, StoreIdentity identity, DamageList damage, ILogger log)
{
    /// <summary>Reads and verifies a record's content.</summary>
    /// <returns>Bytes of the content.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReadAsync(ContentHash hash, RecordKind kind, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            var location = Locate(hash, kind);
            var buffer = ArrayPool<byte>.Shared.Rent(location.Length);
            try
            {
                var record = buffer.AsMemory(0, location.Length);
                var fault = await FetchAsync(hash, location, record, cancellationToken).ConfigureAwait(false);
                if (fault is null)
                {
                    continue;
                }

                if (fault == RecordFault.None)
                {
                    RecordHeader.Read(record.Span, out var header);
                    if (destination.Length < header.RawLength)
                    {
                        throw new ArgumentException($"Record {hash} has {header.RawLength} bytes; the buffer has {destination.Length}.", nameof(destination));
                    }

                    fault = await DecodeAsync(record, header, destination, mayDrop: true, cancellationToken).ConfigureAwait(false);
                    if (fault == RecordFault.None)
                    {
                        return header.RawLength;
                    }
                }

                await RejectAsync(hash, location, RecordFaults.Describe(fault.Value), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    /// <summary>Reads a record as it lies and checks its checksum.</summary>
    /// <returns>Bytes of the record.</returns>
    public async ValueTask<int> ReadStoredAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken)
    {
        while (true)
        {
            var location = Locate(hash, kind: null);
            if (destination.Length < location.Length)
            {
                throw new ArgumentException($"Record {hash} takes {location.Length} bytes; the buffer has {destination.Length}.", nameof(destination));
            }

            var fault = await FetchAsync(hash, location, destination[..location.Length], cancellationToken).ConfigureAwait(false);
            if (fault == RecordFault.None)
            {
                return location.Length;
            }

            if (fault is { } found)
            {
                await RejectAsync(hash, location, RecordFaults.Describe(found), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Drops damaged records, if they still lie there, and keeps note of it beside the packs.</summary>
    /// <returns>The records that were dropped.</returns>
    public async ValueTask<List<DamagedRecord>> DropAsync(PackState pack, IEnumerable<(PackEntry Entry, string Reason)> records, CancellationToken cancellationToken)
    {
        var dropped = new List<DamagedRecord>();
        lock (ledger.Gate)
        {
            foreach (var (entry, reason) in records)
            {
                if (ledger.ForgetLocked(pack.Sequence, entry))
                {
                    dropped.Add(new DamagedRecord(entry.Hash, entry.Kind, pack.Name, entry.Offset, reason));
                }
            }

            if (dropped.Count > 0)
            {
                identity.RaiseGeneration();
            }
        }

        foreach (var record in dropped)
        {
            Log.RecordDropped(log, record.Hash.ToString(), record.Pack, record.Offset, record.Reason);
        }

        if (dropped.Count > 0)
        {
            try
            {
                await damage.AddAsync(pack.Sequence, [.. dropped.Select(record => (int)record.Offset)], cancellationToken).ConfigureAwait(false);
                await identity.SettleGenerationAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException cause)
            {
                Log.DamageNotKept(log, pack.Name, cause);
            }
        }

        return dropped;
    }

    private RecordLocation Locate(ContentHash hash, RecordKind? kind)
    {
        var location = ledger.Find(hash);
        if (location.IsNowhere)
        {
            throw Damaged($"Record {hash} is not in the store. Fetch it from the other site, or use another point.");
        }

        return kind is { } wanted && location.Kind != wanted ? throw Damaged($"Record {hash} is a {location.Kind}, not a {wanted}.") : location;
    }

    // Null: look again, the record moved or was not durable yet.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RecordFault?> FetchAsync(ContentHash hash, RecordLocation location, Memory<byte> record, CancellationToken cancellationToken)
    {
        string name;
        bool isDurable;
        lock (ledger.Gate)
        {
            if (ledger.FindPackLocked(location.Pack) is not { } pack)
            {
                return null;
            }

            name = pack.Name;
            isDurable = location.Offset + location.Length <= pack.DurableLength;
        }

        if (!isDurable)
        {
            await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
            return null;
        }

        try
        {
            var read = await storage.ReadAsync(name, location.Offset, record, cancellationToken).ConfigureAwait(false);
            if (read < record.Length)
            {
                return RecordFault.Truncated;
            }
        }
        catch (StorageException error) when (error.Code == ErrorCode.BlobNotFound)
        {
            return ledger.Find(hash) == location ? RecordFault.Truncated : null;
        }

        var fault = RecordFormat.Check(record.Span, out var header);
        return fault == RecordFault.None && header.Hash != hash ? RecordFault.Hash : fault;
    }

    private async ValueTask RejectAsync(ContentHash hash, RecordLocation location, string reason, CancellationToken cancellationToken)
    {
        PackState? pack;
        lock (ledger.Gate)
        {
            pack = ledger.FindPackLocked(location.Pack);
        }

        if (pack is null)
        {
            return;
        }

        var entry = new PackEntry(hash, location.Offset, location.Length, 0, location.Kind, ContentHash.Zero);
        var dropped = await DropAsync(pack, [(entry, reason)], cancellationToken).ConfigureAwait(false);
        if (dropped.Count > 0)
        {
            throw Damaged($"Record {hash} in pack {pack.Name} at offset {location.Offset} is damaged: {reason}. Fetch it from the other site, or use another point.");
        }
    }

    private static DisasterToleranceException Damaged(string message) => new(ErrorCode.DataDamaged, message);
}
