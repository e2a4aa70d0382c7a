using System.Buffers;
using System.Text;

namespace DisasterTolerance.Nbd.Protocol;

/// <summary>The facts about an export in the replies to GO and INFO.</summary>
internal static class InfoFormat
{
    private const int ExportBytes = 12;
    private const int BlockSizeBytes = 14;

    public static void WriteExport(IBufferWriter<byte> output, OptionCode option, long length, NbdExportFlags flags)
    {
        OptionReplyFormat.WriteHeader(output, option, OptionReplyCode.Info, ExportBytes);
        output.PutUInt16((int)InfoCode.Export);
        output.PutUInt64((ulong)length);
        output.PutUInt16((int)flags);
    }

    public static void WriteBlockSizes(IBufferWriter<byte> output, OptionCode option, NbdBlockSizes sizes)
    {
        OptionReplyFormat.WriteHeader(output, option, OptionReplyCode.Info, BlockSizeBytes);
        output.PutUInt16((int)InfoCode.BlockSize);
        output.PutUInt32((uint)sizes.Minimum);
        output.PutUInt32((uint)sizes.Preferred);
        output.PutUInt32((uint)sizes.Maximum);
    }

    public static void WriteText(IBufferWriter<byte> output, OptionCode option, InfoCode info, string text)
    {
        OptionReplyFormat.WriteHeader(output, option, OptionReplyCode.Info, sizeof(ushort) + Encoding.UTF8.GetByteCount(text));
        output.PutUInt16((int)info);
        Encoding.UTF8.GetBytes(text, output);
    }

    public static InfoCode TakeCode(ref ReadOnlySequence<byte> data) => (InfoCode)FieldReader.TakeUInt16(ref data);

    public static (long Length, NbdExportFlags Flags) ReadExport(ReadOnlySequence<byte> data)
    {
        AssertLength(data, ExportBytes - sizeof(ushort));
        var length = FieldReader.TakeUInt64(ref data);
        var flags = (NbdExportFlags)FieldReader.TakeUInt16(ref data);
        return length <= long.MaxValue ? ((long)length, flags) : throw new NbdProtocolException($"The export's length is {length} bytes.");
    }

    public static NbdBlockSizes ReadBlockSizes(ReadOnlySequence<byte> data)
    {
        AssertLength(data, BlockSizeBytes - sizeof(ushort));
        var minimum = FieldReader.TakeUInt32(ref data);
        var preferred = FieldReader.TakeUInt32(ref data);
        var maximum = FieldReader.TakeUInt32(ref data);

        // "No limit" is written as all bits set; this library has one of its own.
        var largest = minimum is > 0 and <= 65_536 ? Math.Min(maximum, Limits.PayloadBytes / minimum * minimum) : 0;
        var sizes = new NbdBlockSizes((int)Math.Min(minimum, int.MaxValue), (int)Math.Min(preferred, int.MaxValue), (int)largest);
        return sizes.IsValid ? sizes : throw new NbdProtocolException($"The export's block sizes are {minimum}, {preferred} and {maximum}.");
    }

    private static void AssertLength(ReadOnlySequence<byte> data, int wanted)
    {
        if (data.Length != wanted)
        {
            throw new NbdProtocolException($"A fact about the export has {data.Length} bytes instead of {wanted}.");
        }
    }
}
