using System.Buffers;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>Reads single records, wherever a sweep moves them meanwhile. What turns out to be damaged is dropped from the index. Thread-safe.</summary>
internal sealed class RecordReader(IStorageProvider storage, StoreLedger ledger, PackWriter writer, StoreIdentity identity, DamageList damage, ILogger log)
{
    /// <summary>Reads and verifies a record's content.</summary>
    /// <returns>Bytes of the content.</returns>
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

    /// <summary>Takes the content out of a checked record, a patch's through its base, and compares its hash. The fault is never the base's.</summary>
    /// <param name="record">Exactly the record; it need not be in the store.</param>
    /// <param name="header">Its header.</param>
    /// <param name="destination">Gets the content: as long as the header says, never more.</param>
    /// <param name="mayDrop">Whether a base that turns out to be damaged is dropped; a verification comes to it by itself.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>: the base is missing, no full record, or damaged.</exception>
    public async ValueTask<RecordFault> DecodeAsync(ReadOnlyMemory<byte> record, RecordHeader header, Memory<byte> destination, bool mayDrop, CancellationToken cancellationToken)
    {
        if (!header.IsPatch)
        {
            return RecordFormat.Decode(record.Span, header, destination.Span);
        }

        var name = header.BaseOf(record.Span);
        using (var content = await ReadBaseAsync(header.Hash, name, header.Kind, isVerified: false, mayDrop, cancellationToken).ConfigureAwait(false))
        {
            var fault = RecordFormat.DecodePatch(record.Span, header, content.Span, destination.Span);
            if (fault == RecordFault.None || ContentHash.Of(content.Span) == name)
            {
                return fault;
            }
        }

        // The result's hash tells that something is wrong; only then it matters that the base has a name of its own to live up to. Reading it again throws, unless it was healed meanwhile.
        using var again = await ReadBaseAsync(header.Hash, name, header.Kind, isVerified: true, mayDrop, cancellationToken).ConfigureAwait(false);
        return RecordFormat.DecodePatch(record.Span, header, again.Span, destination.Span);
    }

    /// <summary>Reads a base's content into a pooled buffer.</summary>
    /// <param name="patch">The patch on it, for the message.</param>
    /// <param name="hash">The base's name.</param>
    /// <param name="kind">The kind of both.</param>
    /// <param name="isVerified">Whether to compare its hash: needed where nothing that is made of it is compared.</param>
    /// <param name="mayDrop">Whether it is dropped if it is damaged.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>: as of <see cref="DecodeAsync"/>.</exception>
    public async ValueTask<PooledContent> ReadBaseAsync(
        ContentHash patch, ContentHash hash, RecordKind kind, bool isVerified, bool mayDrop, CancellationToken cancellationToken)
    {
        while (true)
        {
            var location = LocateBase(patch, hash, kind);
            var buffer = ArrayPool<byte>.Shared.Rent(location.Length);
            var isTaken = false;
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
                    (fault, var content) = Expand(record.Span, buffer, isVerified, out isTaken);
                    if (fault == RecordFault.None)
                    {
                        return content;
                    }
                }

                if (!mayDrop)
                {
                    throw Damaged($"Record {patch} is a patch on record {hash}, which is damaged: {RecordFaults.Describe(fault.Value)}.");
                }

                await RejectAsync(hash, location, RecordFaults.Describe(fault.Value), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (!isTaken)
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
    }

    // What lies uncompressed stays where it was read.
    private static (RecordFault Fault, PooledContent Content) Expand(ReadOnlySpan<byte> record, byte[] buffer, bool isVerified, out bool isTaken)
    {
        isTaken = false;
        RecordHeader.Read(record, out var header);
        if (header.IsPatch)
        {
            return (RecordFault.Base, default);
        }

        var isRaw = header.Codec == RecordCodec.Raw;
        var raw = isRaw ? buffer : ArrayPool<byte>.Shared.Rent(header.RawLength);
        var content = new PooledContent(raw, isRaw ? RecordHeader.Size : 0, header.RawLength);
        var fault = isRaw ? RecordFault.None : RecordFormat.Expand(record, header, raw);
        if (fault == RecordFault.None && isVerified && ContentHash.Of(content.Span) != header.Hash)
        {
            fault = RecordFault.Hash;
        }

        isTaken = isRaw && fault == RecordFault.None;
        if (fault != RecordFault.None && !isRaw)
        {
            content.Dispose();
        }

        return (fault, content);
    }

    /// <summary>Reads a record as a full one: as it lies, or a patch's content compressed anew.</summary>
    /// <param name="hash">Its name.</param>
    /// <param name="destination">Room for the header and the raw content.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Bytes of the record.</returns>
    public async ValueTask<int> ReadFullAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var location = Locate(hash, kind: null);
        if (!location.IsPatch)
        {
            var length = await ReadStoredAsync(hash, destination, cancellationToken).ConfigureAwait(false);
            RecordHeader.Read(destination.Span, out var header);
            if (!header.IsPatch)
            {
                return length;
            }
        }

        var raw = ArrayPool<byte>.Shared.Rent(destination.Length);
        try
        {
            var length = await ReadAsync(hash, location.Kind, raw, cancellationToken).ConfigureAwait(false);
            return RecordFormat.Encode(location.Kind, hash, raw.AsSpan(0, length), CompressionMode.On, destination.Span);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(raw);
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

    private RecordLocation LocateBase(ContentHash patch, ContentHash hash, RecordKind kind)
    {
        var location = ledger.Find(hash);
        var why = location.IsNowhere ? "is not in the store"
            : location.IsPatch ? "is a patch itself"
            : location.Kind != kind ? $"is a {location.Kind}, not a {kind}"
            : null;
        return why is null ? location : throw Damaged($"Record {patch} is a patch on record {hash}, which {why}. Fetch either from the other site, or use another point.");
    }

    // Null: look again, the record moved or was not durable yet.
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
