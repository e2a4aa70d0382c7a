using System.Buffers;

namespace DisasterTolerance.Nbd.Protocol;

internal readonly record struct Request(Command Command, CommandFlags Flags, ulong Cookie, ulong Offset, uint Length);

/// <summary>Requests of the transmission phase.</summary>
internal static class RequestFormat
{
    public const int HeaderBytes = 28;

    public static void Write(IBufferWriter<byte> output, in Request request)
    {
        output.PutUInt32(Magic.Request);
        output.PutUInt16((int)request.Flags);
        output.PutUInt16((int)request.Command);
        output.PutUInt64(request.Cookie);
        output.PutUInt64(request.Offset);
        output.PutUInt32(request.Length);
    }

    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out Request request)
    {
        request = default;
        if (buffer.Length < HeaderBytes)
        {
            return false;
        }

        var magic = FieldReader.TakeUInt32(ref buffer);
        if (magic != Magic.Request)
        {
            throw new NbdProtocolException($"A request begins with 0x{magic:x8}.");
        }

        var flags = (CommandFlags)FieldReader.TakeUInt16(ref buffer);
        var command = (Command)FieldReader.TakeUInt16(ref buffer);
        request = new(command, flags, FieldReader.TakeUInt64(ref buffer), FieldReader.TakeUInt64(ref buffer), FieldReader.TakeUInt32(ref buffer));
        return command != Command.Write || request.Length <= Limits.PayloadBytes
            ? true
            : throw new NbdProtocolException($"A write has {request.Length} bytes; {Limits.PayloadBytes} are the most.");
    }
}
