using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;

namespace DisasterTolerance.Store;

/// <summary>Records from content and back. Pure.</summary>
internal static class RecordFormat
{
    /// <summary>Room that a record of some content needs at most.</summary>
    public static int MaxLength(int rawLength) => RecordHeader.Size + rawLength;

    /// <summary>Makes a record: compressed if asked for and if that makes it smaller.</summary>
    /// <returns>Bytes written.</returns>
    public static int Encode(RecordKind kind, ContentHash hash, ReadOnlySpan<byte> raw, CompressionMode mode, Span<byte> destination)
    {
        var payload = destination[RecordHeader.Size..];
        var codec = RecordCodec.Zstd;
        if (mode == CompressionMode.Off || !ZstdCodec.TryCompress(raw, payload[..(raw.Length - 1)], out var length))
        {
            codec = RecordCodec.Raw;
            length = raw.Length;
            raw.CopyTo(payload);
        }

        var total = RecordHeader.Size + length;
        RecordHeader.Write(destination[..total], kind, codec, raw.Length, hash);
        return total;
    }

    /// <summary>Makes a patch if it fits.</summary>
    /// <param name="kind">What the content is.</param>
    /// <param name="hash">SHA-256 of the content.</param>
    /// <param name="raw">The content.</param>
    /// <param name="base">The base's name.</param>
    /// <param name="prefix">The base's content.</param>
    /// <param name="destination">Room for the whole record: less than a full one would take.</param>
    /// <returns>Bytes written; 0 if it does not fit.</returns>
    public static int TryEncodePatch(RecordKind kind, ContentHash hash, ReadOnlySpan<byte> raw, ContentHash @base, ReadOnlySpan<byte> prefix, Span<byte> destination)
    {
        const int Head = RecordHeader.Size + ContentHash.Length;
        var room = Math.Min(destination.Length - Head, raw.Length - 1 - ContentHash.Length);
        if (room <= 0 || !ZstdPatchCodec.TryCompress(raw, prefix, destination.Slice(Head, room), out var length))
        {
            return 0;
        }

        @base.CopyTo(destination[RecordHeader.Size..]);
        RecordHeader.Write(destination[..(Head + length)], kind, RecordCodec.ZstdPatch, raw.Length, hash);
        return Head + length;
    }

    /// <summary>Checks a record's limits and checksum.</summary>
    /// <param name="record">Exactly the record.</param>
    /// <param name="header">Its header, if there is no fault.</param>
    public static RecordFault Check(ReadOnlySpan<byte> record, out RecordHeader header)
    {
        var fault = RecordHeader.Read(record, out header);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        return record.Length != header.TotalLength ? RecordFault.Truncated
            : RecordHeader.ChecksumOf(record) != header.Checksum ? RecordFault.Checksum
            : header.IsPatch && (header.BaseOf(record).IsZero || header.BaseOf(record) == header.Hash) ? RecordFault.Base
            : RecordFault.None;
    }

    /// <summary>Takes the content out of a checked full record and compares its hash.</summary>
    /// <param name="record">Exactly the record.</param>
    /// <param name="header">Its header.</param>
    /// <param name="destination">Gets the content: as long as the header says, never more.</param>
    public static RecordFault Decode(ReadOnlySpan<byte> record, in RecordHeader header, Span<byte> destination)
    {
        var fault = Expand(record, header, destination);
        return fault != RecordFault.None || ContentHash.Of(destination[..header.RawLength]) == header.Hash ? fault : RecordFault.Hash;
    }

    /// <summary>Takes the content out of a checked patch and compares its hash.</summary>
    /// <param name="record">Exactly the record.</param>
    /// <param name="header">Its header.</param>
    /// <param name="prefix">The content of its base.</param>
    /// <param name="destination">Gets the content: as long as the header says, never more.</param>
    public static RecordFault DecodePatch(ReadOnlySpan<byte> record, in RecordHeader header, ReadOnlySpan<byte> prefix, Span<byte> destination)
    {
        var raw = destination[..header.RawLength];
        var payload = record.Slice(RecordHeader.Size + ContentHash.Length, header.PayloadLength - ContentHash.Length);
        return !ZstdPatchCodec.TryDecompress(payload, prefix, raw) ? RecordFault.Content
            : ContentHash.Of(raw) == header.Hash ? RecordFault.None
            : RecordFault.Hash;
    }

    /// <summary>Takes the content out of a checked full record without comparing its hash: for a base whose patch has a hash that tells.</summary>
    public static RecordFault Expand(ReadOnlySpan<byte> record, in RecordHeader header, Span<byte> destination)
    {
        var raw = destination[..header.RawLength];
        var payload = record.Slice(RecordHeader.Size, header.PayloadLength);
        switch (header.Codec)
        {
            case RecordCodec.Raw:
                payload.CopyTo(raw);
                return RecordFault.None;
            case RecordCodec.Zstd:
                return ZstdCodec.TryDecompress(payload, raw) ? RecordFault.None : RecordFault.Content;
            default:
                throw new ArgumentException($"Record {header.Hash} is a patch, which has no content without its base.", nameof(record));
        }
    }
}
