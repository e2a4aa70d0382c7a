using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace DisasterTolerance.Framing;

/// <summary>CRC-32C (Castagnoli, reflected, all ones before and after), in parts: <c>Finish(Append(Append(Start, a), b))</c>.</summary>
internal static class Crc32C
{
    /// <summary>The state before the first byte.</summary>
    public const uint Start = uint.MaxValue;

    /// <summary>Takes bytes into the state.</summary>
    public static uint Append(uint state, ReadOnlySpan<byte> data)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words)
        {
            // The instruction takes the lowest byte first, as the bytes lie in memory.
            state = BitOperations.Crc32C(state, BitConverter.IsLittleEndian ? word : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(word));
        }

        foreach (var one in data[(words.Length * sizeof(ulong))..])
        {
            state = BitOperations.Crc32C(state, one);
        }

        return state;
    }

    /// <summary>Takes bytes that lie in several pieces into the state.</summary>
    public static uint Append(uint state, in ReadOnlySequence<byte> data)
    {
        foreach (var piece in data)
        {
            state = Append(state, piece.Span);
        }

        return state;
    }

    /// <summary>The checksum of everything taken so far.</summary>
    public static uint Finish(uint state) => ~state;
}
