using System.Buffers.Binary;
using DisasterTolerance.Chunking;

namespace DisasterTolerance.Exports;

/// <summary>What an overlay's map file begins with. Immutable.</summary>
/// <param name="Length">Length of the disk in bytes.</param>
/// <param name="Base">What the overlay lies over.</param>
/// <param name="Boot">The start of the operating system in which the file was begun; empty if that is not known.</param>
internal readonly record struct OverlayHeader(long Length, ContentHash Base, Guid Boot);

/// <summary>Kinds of records in an overlay's map file.</summary>
internal enum OverlayRecordKind : byte
{
    /// <summary>Blocks changed their state.</summary>
    Run = 1,

    /// <summary>The states of all blocks of one page follow.</summary>
    Page = 2,

    /// <summary>The data of all records before an offset is durable.</summary>
    Commit = 3,

    /// <summary>A sync failed: what came after the last commit may be lost although it was written.</summary>
    Broken = 4,
}

/// <summary>A record without what may follow it. Immutable.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="State">The state of the blocks of a run.</param>
/// <param name="First">First block of a run, number of a page, or the offset of a commit.</param>
/// <param name="Count">Blocks of a run.</param>
internal readonly record struct OverlayRecord(OverlayRecordKind Kind, BlockState State, long First, long Count)
{
    public int PayloadLength => Kind == OverlayRecordKind.Page ? OverlayStates.PageBytes : 0;

    public int TotalLength => OverlayFormat.RecordSize + PayloadLength;
}

/// <summary>
/// The map file of an overlay: a header, then records, each with a checksum that covers its own bytes and the checksum before it. So a record counts only if all before it are whole. Pure.
/// </summary>
internal static class OverlayFormat
{
    public const int BlockSize = 4096;
    public const int HeaderSize = 88;
    public const int RecordSize = 32;

    private const int Version = 1;

    private static ReadOnlySpan<byte> Magic => "DT-OVLAY"u8;

    /// <returns>The checksum that the first record goes on from.</returns>
    public static uint WriteHeader(Span<byte> destination, in OverlayHeader header)
    {
        destination[..HeaderSize].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], BlockSize);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], header.Length);
        header.Base.CopyTo(destination[24..]);
        header.Boot.TryWriteBytes(destination[56..]);
        var checksum = Crc32C.Of(destination[..(HeaderSize - sizeof(uint))]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[(HeaderSize - sizeof(uint))..], checksum);
        return checksum;
    }

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.FormatVersion"/>.</exception>
    public static bool TryReadHeader(ReadOnlySpan<byte> source, out OverlayHeader header, out uint checksum)
    {
        (header, checksum) = (default, 0);
        if (source.Length < HeaderSize || !source.StartsWith(Magic))
        {
            return false;
        }

        checksum = BinaryPrimitives.ReadUInt32LittleEndian(source[(HeaderSize - sizeof(uint))..]);
        if (Crc32C.Of(source[..(HeaderSize - sizeof(uint))]) != checksum)
        {
            return false;
        }

        var (version, block) = (BinaryPrimitives.ReadInt32LittleEndian(source[8..]), BinaryPrimitives.ReadInt32LittleEndian(source[12..]));
        if (version != Version || block != BlockSize)
        {
            throw new DisasterToleranceException(ErrorCode.FormatVersion, $"The overlay has format version {version} with blocks of {block} bytes; this release reads version {Version} with {BlockSize}. Use a release that knows it.");
        }

        header = new(BinaryPrimitives.ReadInt64LittleEndian(source[16..]), new ContentHash(source.Slice(24, ContentHash.Length)), new Guid(source.Slice(56, 16)));
        return true;
    }

    /// <returns>The record's checksum.</returns>
    public static uint WriteRecord(Span<byte> destination, in OverlayRecord record, ReadOnlySpan<byte> payload, uint previous)
    {
        var head = destination[..RecordSize];
        head.Clear();
        head[0] = (byte)record.Kind;
        head[1] = (byte)record.State;
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], record.First);
        BinaryPrimitives.WriteInt64LittleEndian(head[16..], record.Count);
        payload.CopyTo(destination[RecordSize..]);
        var checksum = ChecksumOf(head, payload, previous);
        BinaryPrimitives.WriteUInt32LittleEndian(head[28..], checksum);
        return checksum;
    }

    /// <summary>Reads the head of a record, which says how much follows; <see cref="Verify"/> says whether it is whole.</summary>
    public static bool TryReadRecord(ReadOnlySpan<byte> head, out OverlayRecord record)
    {
        record = new((OverlayRecordKind)head[0], (BlockState)head[1], BinaryPrimitives.ReadInt64LittleEndian(head[8..]), BinaryPrimitives.ReadInt64LittleEndian(head[16..]));
        return record.Kind is >= OverlayRecordKind.Run and <= OverlayRecordKind.Broken && record.State <= BlockState.Zero;
    }

    public static bool Verify(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, uint previous, out uint checksum)
    {
        checksum = BinaryPrimitives.ReadUInt32LittleEndian(head[28..]);
        return ChecksumOf(head, payload, previous) == checksum;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload, uint previous)
    {
        Span<byte> before = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(before, previous);
        return Crc32C.Append(Crc32C.Append(Crc32C.Of(before), head[..28]), payload);
    }
}
