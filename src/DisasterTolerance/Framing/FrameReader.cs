using System.Buffers;
using System.Buffers.Binary;

namespace DisasterTolerance.Framing;

/// <summary>Takes frames from a buffer. Pure: no state, no waiting, and no memory is taken because of a number in the input.</summary>
internal static class FrameReader
{
    /// <summary>Takes the first frame from the buffer if all of it is there.</summary>
    /// <param name="buffer">Bytes as they came; after success it begins behind the frame, else it is unchanged.</param>
    /// <param name="maxBodyBytes">The longest body that is allowed here.</param>
    /// <param name="frame">The frame, a view of <paramref name="buffer"/>.</param>
    /// <returns>False if more bytes are needed.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>: too long, reserved bits, or wrong checksum. Nothing behind this place can be trusted.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, int maxBodyBytes, out Frame frame)
    {
        frame = default;
        if (buffer.Length < FrameHeader.Size)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[FrameHeader.Size];
        buffer.Slice(0, FrameHeader.Size).CopyTo(bytes);
        var header = FrameHeader.Read(bytes);
        if (header.Length > (uint)maxBodyBytes)
        {
            throw new DisasterToleranceException(
                ErrorCode.ProtocolViolation,
                $"A frame of type 0x{header.Type:x2} says it has {header.Length} bytes where at most {maxBodyBytes} are allowed. Bring both sites to the same release.");
        }

        if (buffer.Length - FrameHeader.Size < header.Length)
        {
            return false;
        }

        var body = buffer.Slice(FrameHeader.Size, header.Length);
        var expected = BinaryPrimitives.ReadUInt32LittleEndian(bytes[FrameHeader.CheckedSize..]);
        var actual = Crc32C.Append(Crc32C.Append(0, bytes[..FrameHeader.CheckedSize]), body);
        if (actual != expected)
        {
            throw new DisasterToleranceException(
                ErrorCode.ProtocolViolation,
                $"The checksum of a frame of type 0x{header.Type:x2} with {header.Length} bytes is wrong: it was changed on its way. The connection is opened again.");
        }

        buffer = buffer.Slice(body.End);
        frame = new Frame(header.Type, header.Flags, header.Stream, body);
        return true;
    }
}
