using System.Buffers;
using System.Buffers.Binary;

namespace DisasterTolerance.Framing;

/// <summary>Writes frames into a buffer. Pure; the parts are copied, so the caller's memory is free again on return.</summary>
internal static class FrameWriter
{
    /// <summary>Writes one frame whose body is the parts one after the other.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">What the body is.</param>
    /// <param name="flags">How to treat it.</param>
    /// <param name="stream">Which request it belongs to, or 0.</param>
    /// <param name="first">The first part of the body, may be empty.</param>
    /// <param name="second">The second part of the body, may be empty.</param>
    /// <param name="third">The third part of the body, may be empty.</param>
    public static void Write(
        IBufferWriter<byte> output,
        ushort type,
        FrameFlags flags,
        ulong stream,
        ReadOnlySpan<byte> first,
        ReadOnlySpan<byte> second = default,
        ReadOnlySpan<byte> third = default)
    {
        var length = checked((uint)(first.Length + second.Length + third.Length));
        var header = output.GetSpan(FrameHeader.Size);
        new FrameHeader(length, type, flags, stream).Write(header);
        var crc = Crc32C.Of(header[..FrameHeader.CheckedSize]);
        crc = Crc32C.Append(Crc32C.Append(Crc32C.Append(crc, first), second), third);
        BinaryPrimitives.WriteUInt32LittleEndian(header[FrameHeader.CheckedSize..], crc);
        output.Advance(FrameHeader.Size);
        output.Write(first);
        output.Write(second);
        output.Write(third);
    }
}
