using System.Buffers.Binary;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>The fixed part of a record, as docs/storage-format.md lays it out. Immutable.</summary>
/// <param name="Kind">What the content is.</param>
/// <param name="Codec">How the payload holds it.</param>
/// <param name="RawLength">Bytes of the content.</param>
/// <param name="PayloadLength">Bytes of the payload.</param>
/// <param name="Hash">SHA-256 of the content.</param>
/// <param name="Checksum">CRC-32C of the header before it and of the payload.</param>
internal readonly record struct RecordHeader(
    RecordKind Kind, RecordCodec Codec, int RawLength, int PayloadLength, ContentHash Hash, uint Checksum)
{
    public const int Size = 56;

    /// <summary>The first four bytes: "DTR1".</summary>
    public const uint Magic = 0x31525444;

    public const int MaxRawLength = 16 << 20;

    private const int ChecksumOffset = 52;

    /// <summary>Bytes of the whole record.</summary>
    public int TotalLength => Size + PayloadLength;

    public bool IsPatch => Codec == RecordCodec.ZstdPatch;

    /// <summary>The name of the content that a patch is made against; zero for a full record.</summary>
    /// <param name="record">At least the header and 32 bytes behind it, if it is a patch.</param>
    public ContentHash BaseOf(ReadOnlySpan<byte> record) => IsPatch ? new ContentHash(record.Slice(Size, ContentHash.Length)) : ContentHash.Zero;

    /// <summary>Greatest content of a kind: what a reader is ready to allocate.</summary>
    public static int MaxRawLengthOf(RecordKind kind) => kind == RecordKind.Manifest ? MaxRawLength : ChunkGeometry.MaxChunkSize;

    /// <summary>Reads a header and checks its limits, not its checksum.</summary>
    /// <param name="bytes">At least the header.</param>
    /// <param name="header">The header, if there is no fault.</param>
    public static RecordFault Read(ReadOnlySpan<byte> bytes, out RecordHeader header)
    {
        header = default;
        if (bytes.Length < Size)
        {
            return RecordFault.Truncated;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic)
        {
            return RecordFault.NotARecord;
        }

        var kind = (RecordKind)bytes[4];
        var codec = (RecordCodec)bytes[5];
        var raw = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        var payload = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
        if (kind is not (RecordKind.Chunk or RecordKind.Node or RecordKind.Manifest)
            || codec is not (RecordCodec.Raw or RecordCodec.Zstd or RecordCodec.ZstdPatch)
            || (codec == RecordCodec.ZstdPatch && kind == RecordKind.Manifest)
            || BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]) != 0
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != 0)
        {
            return RecordFault.UnknownFormat;
        }

        if (raw == 0 || raw > (uint)MaxRawLengthOf(kind) || payload <= (codec == RecordCodec.ZstdPatch ? ContentHash.Length : 0)
            || (codec == RecordCodec.Raw ? payload != raw : payload >= raw))
        {
            return RecordFault.Limits;
        }

        header = new RecordHeader(
            kind, codec, (int)raw, (int)payload, new ContentHash(bytes.Slice(20, ContentHash.Length)),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]));
        return RecordFault.None;
    }

    /// <summary>Writes a header in front of a payload that is there already.</summary>
    /// <param name="record">The whole record.</param>
    /// <param name="kind">What the content is.</param>
    /// <param name="codec">How the payload holds it.</param>
    /// <param name="rawLength">Bytes of the content.</param>
    /// <param name="hash">SHA-256 of the content.</param>
    public static void Write(Span<byte> record, RecordKind kind, RecordCodec codec, int rawLength, ContentHash hash)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(record, Magic);
        record[4] = (byte)kind;
        record[5] = (byte)codec;
        record[6..12].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(record[12..], rawLength);
        BinaryPrimitives.WriteInt32LittleEndian(record[16..], record.Length - Size);
        hash.CopyTo(record[20..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record[ChecksumOffset..], ChecksumOf(record));
    }

    /// <summary>The checksum that a whole record must have.</summary>
    public static uint ChecksumOf(ReadOnlySpan<byte> record) => Crc32C.Append(Crc32C.Of(record[..ChecksumOffset]), record[Size..]);
}

/// <summary>How a payload holds the content. The numbers stand in every pack.</summary>
internal enum RecordCodec : byte
{
    Raw = 0,
    Zstd = 1,
    /// <summary>The name of a base, then zstd with the base's content as prefix: a patch. The base is always held full.</summary>
    ZstdPatch = 2,
}

/// <summary>What is wrong with some bytes that should be a record.</summary>
internal enum RecordFault
{
    None = 0,
    /// <summary>It ends too early.</summary>
    Truncated,
    /// <summary>It does not begin like a record.</summary>
    NotARecord,
    /// <summary>Kind, codec, flags or key id are not known to this version.</summary>
    UnknownFormat,
    /// <summary>A length is not allowed.</summary>
    Limits,
    /// <summary>The checksum does not match.</summary>
    Checksum,
    /// <summary>The payload cannot be decompressed to the stated length.</summary>
    Content,
    /// <summary>The content has another hash than the header says.</summary>
    Hash,
    /// <summary>A patch that names nothing, or itself, as its base.</summary>
    Base,
}
