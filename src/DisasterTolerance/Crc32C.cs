using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

namespace DisasterTolerance;

/// <summary>CRC-32C (Castagnoli), by the processor's instruction where it has one.</summary>
internal static class Crc32C
{
    public static uint Of(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>Goes on with a checksum: the result is that of both pieces one after the other.</summary>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        var crc = ~checksum;
        while (bytes.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }

    /// <summary>Goes on with a checksum over bytes that lie in several pieces.</summary>
    public static uint Append(uint checksum, in ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes)
        {
            checksum = Append(checksum, piece.Span);
        }

        return checksum;
    }
}
