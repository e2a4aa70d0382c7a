using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace DisasterTolerance.Nbd.Protocol;

/// <summary>Writes big-endian fields.</summary>
internal static class FieldWriter
{
    public static void PutUInt16(this IBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(sizeof(ushort)), checked((ushort)value));
        output.Advance(sizeof(ushort));
    }

    public static void PutUInt32(this IBufferWriter<byte> output, uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(sizeof(uint)), value);
        output.Advance(sizeof(uint));
    }

    public static void PutUInt64(this IBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(output.GetSpan(sizeof(ulong)), value);
        output.Advance(sizeof(ulong));
    }

    /// <summary>The 32-bit length of a string and the string.</summary>
    public static void PutCounted(this IBufferWriter<byte> output, string text)
    {
        output.PutUInt32((uint)Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, output);
    }
}
