using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace DisasterTolerance.Nbd.Protocol;

/// <summary>The head of a simple reply or of a chunk of a structured one. The length is that of a chunk's payload, 0 in a simple reply, whose payload follows from the request.</summary>
internal readonly record struct ReplyHeader(bool IsStructured, bool IsDone, ChunkType Type, ulong Cookie, NbdError Error, uint Length)
{
    public bool IsErrorChunk => IsStructured && ((int)Type & 0x8000) != 0;
}

internal readonly record struct ChunkError(NbdError Error, string Message);

/// <summary>Replies of the transmission phase.</summary>
internal static class ReplyFormat
{
    public const int SimpleBytes = 16;
    public const int ChunkBytes = 20;
    public const int OffsetBytes = 8;
    public const int DescriptorBytes = 8;
    private const int DoneFlag = 1;

    public static void WriteSimple(Span<byte> output, NbdError error, ulong cookie)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output, Magic.SimpleReply);
        BinaryPrimitives.WriteUInt32BigEndian(output[4..], (uint)error);
        BinaryPrimitives.WriteUInt64BigEndian(output[8..], cookie);
    }

    public static void WriteChunk(Span<byte> output, ChunkType type, bool isDone, ulong cookie, int length)
    {
        BinaryPrimitives.WriteUInt32BigEndian(output, Magic.StructuredReply);
        BinaryPrimitives.WriteUInt16BigEndian(output[4..], (ushort)(isDone ? DoneFlag : 0));
        BinaryPrimitives.WriteUInt16BigEndian(output[6..], (ushort)type);
        BinaryPrimitives.WriteUInt64BigEndian(output[8..], cookie);
        BinaryPrimitives.WriteUInt32BigEndian(output[16..], (uint)length);
    }

    public static bool TryReadHeader(ref ReadOnlySequence<byte> buffer, out ReplyHeader header)
    {
        header = default;
        if (buffer.Length < sizeof(uint))
        {
            return false;
        }

        var rest = buffer;
        switch (FieldReader.TakeUInt32(ref rest))
        {
            case Magic.SimpleReply when buffer.Length >= SimpleBytes:
                var error = ErrorOf(FieldReader.TakeUInt32(ref rest));
                header = new(false, true, ChunkType.None, FieldReader.TakeUInt64(ref rest), error, 0);
                break;
            case Magic.StructuredReply when buffer.Length >= ChunkBytes:
                var isDone = (FieldReader.TakeUInt16(ref rest) & DoneFlag) != 0;
                var type = (ChunkType)FieldReader.TakeUInt16(ref rest);
                header = new(true, isDone, type, FieldReader.TakeUInt64(ref rest), NbdError.None, FieldReader.TakeUInt32(ref rest));
                AssertLength(header);
                break;
            case Magic.SimpleReply or Magic.StructuredReply:
                return false;
            case var magic:
                throw new NbdProtocolException($"A reply begins with 0x{magic:x8}.");
        }

        buffer = rest;
        return true;
    }

    public static bool TryReadOffset(ref ReadOnlySequence<byte> buffer, out ulong offset)
    {
        offset = 0;
        if (buffer.Length < OffsetBytes)
        {
            return false;
        }

        offset = FieldReader.TakeUInt64(ref buffer);
        return true;
    }

    public static bool TryReadUInt32(ref ReadOnlySequence<byte> buffer, out uint value)
    {
        value = 0;
        if (buffer.Length < sizeof(uint))
        {
            return false;
        }

        value = FieldReader.TakeUInt32(ref buffer);
        return true;
    }

    public static bool TryReadDescriptor(ref ReadOnlySequence<byte> buffer, out (uint Length, uint Status) descriptor)
    {
        descriptor = default;
        if (buffer.Length < DescriptorBytes)
        {
            return false;
        }

        descriptor = (FieldReader.TakeUInt32(ref buffer), FieldReader.TakeUInt32(ref buffer));
        return descriptor.Length > 0 ? true : throw new NbdProtocolException("A block status describes a range of no bytes.");
    }

    /// <summary>The whole payload of an error chunk. What follows the message is the business of the type.</summary>
    public static ChunkError ReadError(ReadOnlySequence<byte> payload)
    {
        var error = ErrorOf(FieldReader.TakeUInt32(ref payload));
        var length = FieldReader.TakeUInt16(ref payload);
        if (error == NbdError.None)
        {
            throw new NbdProtocolException("An error chunk says that there is no error.");
        }

        return new(error, FieldReader.TakeString(ref payload, length));
    }

    public static byte[] ErrorChunk(ulong cookie, NbdError error, string message)
    {
        var text = Encoding.UTF8.GetBytes(message.Length > 500 ? message[..500] : message);
        var chunk = new byte[ChunkBytes + sizeof(uint) + sizeof(ushort) + text.Length];
        WriteChunk(chunk, ChunkType.Error, true, cookie, chunk.Length - ChunkBytes);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(ChunkBytes), (uint)error);
        BinaryPrimitives.WriteUInt16BigEndian(chunk.AsSpan(ChunkBytes + sizeof(uint)), (ushort)text.Length);
        text.CopyTo(chunk, ChunkBytes + sizeof(uint) + sizeof(ushort));
        return chunk;
    }

    private static NbdError ErrorOf(uint number) => Enum.IsDefined((NbdError)number) ? (NbdError)number : NbdError.Invalid;

    private static void AssertLength(in ReplyHeader header)
    {
        var isAllowed = header.Type switch
        {
            ChunkType.None => header.Length == 0 && header.IsDone,
            ChunkType.OffsetData => header.Length is > OffsetBytes and <= Limits.PayloadBytes + OffsetBytes,
            ChunkType.OffsetHole => header.Length == OffsetBytes + sizeof(uint),
            ChunkType.BlockStatus => header.Length >= sizeof(uint) + DescriptorBytes
                && header.Length <= sizeof(uint) + (uint)Limits.Descriptors * DescriptorBytes && (header.Length - sizeof(uint)) % DescriptorBytes == 0,
            ChunkType.ErrorOffset => header.Length is >= 14 and <= Limits.ErrorBytes,
            _ when header.IsErrorChunk => header.Length is >= 6 and <= Limits.ErrorBytes,
            _ => false,
        };
        if (!isAllowed)
        {
            throw new NbdProtocolException($"A chunk of type {header.Type} has {header.Length} bytes of payload{(header.IsDone ? "" : " and is not the last")}.");
        }
    }
}
