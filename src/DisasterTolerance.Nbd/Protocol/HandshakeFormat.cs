using System.Buffers;

namespace DisasterTolerance.Nbd.Protocol;

/// <summary>The first bytes of both sides.</summary>
internal static class HandshakeFormat
{
    public const int GreetingBytes = 18;

    public static void WriteGreeting(IBufferWriter<byte> output, HandshakeFlags flags)
    {
        output.PutUInt64(Magic.Server);
        output.PutUInt64(Magic.Option);
        output.PutUInt16((int)flags);
    }

    public static bool TryReadGreeting(ref ReadOnlySequence<byte> buffer, out HandshakeFlags flags)
    {
        flags = HandshakeFlags.None;
        if (buffer.Length < GreetingBytes)
        {
            return false;
        }

        var magic = FieldReader.TakeUInt64(ref buffer);
        if (magic != Magic.Server)
        {
            throw new NbdProtocolException($"The server greets with 0x{magic:x16}, which is not NBD.");
        }

        var style = FieldReader.TakeUInt64(ref buffer);
        if (style != Magic.Option)
        {
            throw new NbdProtocolException(style == Magic.OldStyle ? "The server speaks the oldstyle negotiation, which is not supported." : $"The server's option magic is 0x{style:x16}.");
        }

        flags = (HandshakeFlags)FieldReader.TakeUInt16(ref buffer);
        return (flags & HandshakeFlags.FixedNewstyle) != 0 ? true : throw new NbdProtocolException("The server does not speak the fixed newstyle negotiation.");
    }

    public static bool TryReadClientFlags(ref ReadOnlySequence<byte> buffer, out HandshakeFlags flags)
    {
        flags = HandshakeFlags.None;
        if (buffer.Length < sizeof(uint))
        {
            return false;
        }

        var bits = FieldReader.TakeUInt32(ref buffer);
        flags = (HandshakeFlags)bits;
        return (bits & ~3u) == 0 && (flags & HandshakeFlags.FixedNewstyle) != 0
            ? true
            : throw new NbdProtocolException($"The client's flags are 0x{bits:x8}; fixed newstyle is needed and nothing unknown is allowed.");
    }
}
