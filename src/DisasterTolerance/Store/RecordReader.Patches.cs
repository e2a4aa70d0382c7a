using System.Buffers;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Store;

/// <summary>Patches: their content through their base, and records without one.</summary>
internal sealed partial class RecordReader
{
    /// <summary>Takes the content out of a checked record, a patch's through its base, and compares its hash. The fault is never the base's.</summary>
    /// <param name="record">Exactly the record; it need not be in the store.</param>
    /// <param name="header">Its header.</param>
    /// <param name="destination">Gets the content: as long as the header says, never more.</param>
    /// <param name="mayDrop">Whether a base that turns out to be damaged is dropped; a verification comes to it by itself.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/>: the base is missing, no full record, or damaged.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
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
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
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

    private RecordLocation LocateBase(ContentHash patch, ContentHash hash, RecordKind kind)
    {
        var location = ledger.Find(hash);
        var why = location.IsNowhere ? "is not in the store"
            : location.IsPatch ? "is a patch itself"
            : location.Kind != kind ? $"is a {location.Kind}, not a {kind}"
            : null;
        return why is null ? location : throw Damaged($"Record {patch} is a patch on record {hash}, which {why}. Fetch either from the other site, or use another point.");
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
}
