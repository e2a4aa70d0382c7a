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
            : RecordFault.None;
    }

    /// <summary>Takes the content out of a checked record and compares its hash.</summary>
    /// <param name="record">Exactly the record.</param>
    /// <param name="header">Its header.</param>
    /// <param name="destination">Gets the content: as long as the header says, never more.</param>
    public static RecordFault Decode(ReadOnlySpan<byte> record, in RecordHeader header, Span<byte> destination)
    {
        var raw = destination[..header.RawLength];
        var payload = record.Slice(RecordHeader.Size, header.PayloadLength);
        if (header.Codec == RecordCodec.Raw)
        {
            payload.CopyTo(raw);
        }
        else if (!ZstdCodec.TryDecompress(payload, raw))
        {
            return RecordFault.Content;
        }

        return ContentHash.Of(raw) == header.Hash ? RecordFault.None : RecordFault.Hash;
    }
}
