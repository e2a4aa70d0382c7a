using System.Buffers;
using System.Text;

namespace DisasterTolerance.Nbd.Protocol;

internal readonly record struct OptionReplyHeader(OptionCode Option, OptionReplyCode Code, int Length)
{
    public bool IsError => ((uint)Code & 0x8000_0000) != 0;
}

/// <summary>What the server answers in the negotiation.</summary>
internal static class OptionReplyFormat
{
    public const int HeaderBytes = 20;

    public static void WriteHeader(IBufferWriter<byte> output, OptionCode option, OptionReplyCode code, int length)
    {
        output.PutUInt64(Magic.OptionReply);
        output.PutUInt32((uint)option);
        output.PutUInt32((uint)code);
        output.PutUInt32((uint)length);
    }

    public static bool TryReadHeader(ref ReadOnlySequence<byte> buffer, out OptionReplyHeader header)
    {
        header = default;
        if (buffer.Length < HeaderBytes)
        {
            return false;
        }

        var magic = FieldReader.TakeUInt64(ref buffer);
        if (magic != Magic.OptionReply)
        {
            throw new NbdProtocolException($"A reply to an option begins with 0x{magic:x16}.");
        }

        var option = (OptionCode)FieldReader.TakeUInt32(ref buffer);
        var code = (OptionReplyCode)FieldReader.TakeUInt32(ref buffer);
        var length = FieldReader.TakeUInt32(ref buffer);
        if (length > Limits.OptionBytes)
        {
            throw new NbdProtocolException($"A reply to option {option} has {length} bytes of data; {Limits.OptionBytes} are the most.");
        }

        header = new(option, code, (int)length);
        return true;
    }

    public static void WriteText(IBufferWriter<byte> output, OptionCode option, OptionReplyCode code, string text)
    {
        WriteHeader(output, option, code, Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, output);
    }

    public static void WriteServer(IBufferWriter<byte> output, NbdExportInfo export)
    {
        WriteHeader(output, OptionCode.List, OptionReplyCode.Server, sizeof(uint) + Encoding.UTF8.GetByteCount(export.Name) + Encoding.UTF8.GetByteCount(export.Description));
        output.PutCounted(export.Name);
        Encoding.UTF8.GetBytes(export.Description, output);
    }

    public static NbdExportInfo ReadServer(ReadOnlySequence<byte> data)
    {
        var name = FieldReader.TakeString(ref data, FieldReader.TakeUInt32(ref data));
        return new(name, FieldReader.TakeString(ref data, data.Length));
    }

    public static void WriteContext(IBufferWriter<byte> output, OptionCode option, uint id, string name)
    {
        WriteHeader(output, option, OptionReplyCode.MetaContext, sizeof(uint) + Encoding.UTF8.GetByteCount(name));
        output.PutUInt32(id);
        Encoding.UTF8.GetBytes(name, output);
    }

    public static (uint Id, string Name) ReadContext(ReadOnlySequence<byte> data)
    {
        var id = FieldReader.TakeUInt32(ref data);
        return (id, FieldReader.TakeString(ref data, data.Length));
    }
}
