using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace DisasterTolerance.Nbd.Protocol;

/// <summary>Reads big-endian fields off the front of a sequence that is known to be long enough.</summary>
internal static class FieldReader
{
    private static readonly UTF8Encoding Strict = new(false, true);

    public static ushort TakeUInt16(ref ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        Take(ref buffer, bytes);
        return BinaryPrimitives.ReadUInt16BigEndian(bytes);
    }

    public static uint TakeUInt32(ref ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        Take(ref buffer, bytes);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    public static ulong TakeUInt64(ref ReadOnlySequence<byte> buffer)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Take(ref buffer, bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>A string of a length that was checked against what is left; strict UTF-8 without NUL.</summary>
    public static string TakeString(ref ReadOnlySequence<byte> buffer, long length)
    {
        if (length > Limits.StringBytes)
        {
            throw new NbdProtocolException($"A string of {length} bytes was sent; {Limits.StringBytes} are the most.");
        }

        if (length > buffer.Length)
        {
            throw new NbdProtocolException($"A string of {length} bytes was announced where {buffer.Length} are left.");
        }

        var bytes = buffer.Slice(0, length);
        buffer = buffer.Slice(length);
        try
        {
            var text = Strict.GetString(bytes);
            return text.Contains('\0', StringComparison.Ordinal) ? throw new NbdProtocolException("A string with a NUL in it was sent.") : text;
        }
        catch (DecoderFallbackException)
        {
            throw new NbdProtocolException("A string was sent that is not UTF-8.");
        }
    }

    private static void Take(ref ReadOnlySequence<byte> buffer, Span<byte> bytes)
    {
        if (buffer.Length < bytes.Length)
        {
            throw new NbdProtocolException($"A field of {bytes.Length} bytes is cut after {buffer.Length}.");
        }

        buffer.Slice(0, bytes.Length).CopyTo(bytes);
        buffer = buffer.Slice(bytes.Length);
    }
}
