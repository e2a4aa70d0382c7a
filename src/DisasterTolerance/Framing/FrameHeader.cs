using System.Buffers.Binary;

namespace DisasterTolerance.Framing;

/// <summary>The fixed header of a frame, little-endian. The checksum covers the first 16 bytes and the body.</summary>
/// <param name="Length">Bytes of the body.</param>
/// <param name="Type">What the body is.</param>
/// <param name="Flags">How to treat it.</param>
/// <param name="Stream">Which request an answer belongs to; 0 where nothing is correlated.</param>
internal readonly record struct FrameHeader(uint Length, ushort Type, FrameFlags Flags, ulong Stream)
{
    /// <summary>Bytes of a header, checksum included.</summary>
    public const int Size = 20;

    /// <summary>Bytes of a header before its checksum.</summary>
    public const int CheckedSize = 16;

    private const int TypeOffset = 4;
    private const int FlagsOffset = 6;
    private const int ReservedOffset = 7;
    private const int StreamOffset = 8;

    /// <summary>Writes the part of the header that precedes the checksum.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Length);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[TypeOffset..], Type);
        destination[FlagsOffset] = (byte)Flags;
        destination[ReservedOffset] = 0;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[StreamOffset..], Stream);
    }

    /// <summary>Reads the part of the header that precedes the checksum.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>: reserved bits are set.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> source)
    {
        var flags = (FrameFlags)source[FlagsOffset];
        if ((flags & ~FrameFlags.Ignorable) != 0 || source[ReservedOffset] != 0)
        {
            throw new DisasterToleranceException(ErrorCode.ProtocolViolation, "A frame has reserved bits set. Bring both sites to the same release.");
        }

        return new FrameHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(source),
            BinaryPrimitives.ReadUInt16LittleEndian(source[TypeOffset..]),
            flags,
            BinaryPrimitives.ReadUInt64LittleEndian(source[StreamOffset..]));
    }
}
