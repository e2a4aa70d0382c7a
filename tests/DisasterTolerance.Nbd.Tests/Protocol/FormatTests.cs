using System.Buffers;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Protocol;

/// <summary>Every message reads back what was written, whatever the segments, and asks for more while it is cut.</summary>
public sealed class FormatTests
{
    private delegate bool Parser<T>(ref ReadOnlySequence<byte> buffer, out T message);

    [Fact]
    public void Greeting_WrittenAndCut_ReadsBack() =>
        AssertReadsBack(output => HandshakeFormat.WriteGreeting(output, HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes), HandshakeFormat.TryReadGreeting, HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes);

    [Fact]
    public void OptionHeader_WrittenAndCut_ReadsBack() =>
        AssertReadsBack(output => OptionFormat.WriteHeader(output, OptionCode.Go, 17), OptionFormat.TryReadHeader, new OptionHeader(OptionCode.Go, 17));

    [Fact]
    public void OptionReplyHeader_WrittenAndCut_ReadsBack() =>
        AssertReadsBack(output => OptionReplyFormat.WriteHeader(output, OptionCode.List, OptionReplyCode.ErrorPolicy, 3), OptionReplyFormat.TryReadHeader, new OptionReplyHeader(OptionCode.List, OptionReplyCode.ErrorPolicy, 3));

    [Fact]
    public void Request_WrittenAndCut_ReadsBack()
    {
        var request = new Request(Command.WriteZeroes, CommandFlags.Fua | CommandFlags.NoHole, ulong.MaxValue - 1, 1UL << 40, uint.MaxValue);
        AssertReadsBack(output => RequestFormat.Write(output, request), RequestFormat.TryRead, request);
    }

    [Fact]
    public void Request_KnownBytes_AreThoseOfTheProtocol()
    {
        var output = new ArrayBufferWriter<byte>();

        RequestFormat.Write(output, new(Command.BlockStatus, CommandFlags.RequestOne, 0x0102030405060708, 4096, 512));

        Assert.Equal("25609513" + "0008" + "0007" + "0102030405060708" + "0000000000001000" + "00000200", Convert.ToHexString(output.WrittenSpan));
    }

    [Fact]
    public void SimpleReply_WrittenAndCut_ReadsBack() => AssertReadsBack(
        output =>
        {
            ReplyFormat.WriteSimple(output.GetSpan(ReplyFormat.SimpleBytes), NbdError.NoSpace, 99);
            output.Advance(ReplyFormat.SimpleBytes);
        },
        ReplyFormat.TryReadHeader,
        new ReplyHeader(false, true, ChunkType.None, 99, NbdError.NoSpace, 0));

    [Fact]
    public void Chunk_WrittenAndCut_ReadsBack() => AssertReadsBack(
        output =>
        {
            ReplyFormat.WriteChunk(output.GetSpan(ReplyFormat.ChunkBytes), ChunkType.OffsetHole, true, 5, 12);
            output.Advance(ReplyFormat.ChunkBytes);
        },
        ReplyFormat.TryReadHeader,
        new ReplyHeader(true, true, ChunkType.OffsetHole, 5, NbdError.None, 12));

    [Fact]
    public void ExportRequest_InSegments_ReadsBack()
    {
        var read = OptionFormat.ReadExportRequest(Data(OptionFormat.HeaderBytes, output => OptionFormat.WriteExportRequest(output, OptionCode.Go, new("dïsk", [InfoCode.BlockSize, InfoCode.Name]))));

        Assert.Equal("dïsk", read.Name);
        Assert.Equal([InfoCode.BlockSize, InfoCode.Name], read.Infos);
    }

    [Fact]
    public void ContextRequest_InSegments_ReadsBack()
    {
        var read = OptionFormat.ReadContextRequest(Data(OptionFormat.HeaderBytes, output => OptionFormat.WriteContextRequest(output, OptionCode.SetMetaContext, new("disk", ["base:allocation", "qemu:dirty-bitmap:b"]))));

        Assert.Equal("disk", read.Name);
        Assert.Equal(["base:allocation", "qemu:dirty-bitmap:b"], read.Queries);
    }

    [Fact]
    public void Facts_InSegments_ReadBack()
    {
        var export = Data(OptionReplyFormat.HeaderBytes, output => InfoFormat.WriteExport(output, OptionCode.Go, long.MaxValue, NbdExportFlags.HasFlags | NbdExportFlags.MultiConnection));
        var sizes = Data(OptionReplyFormat.HeaderBytes, output => InfoFormat.WriteBlockSizes(output, OptionCode.Go, new(512, 4096, 1 << 20)));
        var server = Data(OptionReplyFormat.HeaderBytes, output => OptionReplyFormat.WriteServer(output, new("a", "b c")));
        var context = Data(OptionReplyFormat.HeaderBytes, output => OptionReplyFormat.WriteContext(output, OptionCode.SetMetaContext, 9, "base:allocation"));

        Assert.Equal(InfoCode.Export, InfoFormat.TakeCode(ref export));
        Assert.Equal((long.MaxValue, NbdExportFlags.HasFlags | NbdExportFlags.MultiConnection), InfoFormat.ReadExport(export));
        Assert.Equal(InfoCode.BlockSize, InfoFormat.TakeCode(ref sizes));
        Assert.Equal(new(512, 4096, 1 << 20), InfoFormat.ReadBlockSizes(sizes));
        Assert.Equal(new("a", "b c"), OptionReplyFormat.ReadServer(server));
        Assert.Equal((9u, "base:allocation"), OptionReplyFormat.ReadContext(context));
    }

    [Fact]
    public void ErrorChunk_LongMessage_IsCutAndReadsBack()
    {
        var chunk = ReplyFormat.ErrorChunk(3, NbdError.NoSpace, new string('é', 5000));
        var buffer = Segments.OneByteEach(chunk);

        Assert.True(ReplyFormat.TryReadHeader(ref buffer, out var header));
        var error = ReplyFormat.ReadError(buffer);

        Assert.Equal((ChunkType.Error, true, (uint)buffer.Length), (header.Type, header.IsDone, header.Length));
        Assert.Equal((NbdError.NoSpace, new string('é', 500)), (error.Error, error.Message));
    }

    private static ReadOnlySequence<byte> Data(int headerBytes, Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return Segments.OneByteEach(output.WrittenSpan[headerBytes..]);
    }

    private static void AssertReadsBack<T>(Action<IBufferWriter<byte>> write, Parser<T> parser, T wanted)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        for (var length = 0; length < output.WrittenCount; length++)
        {
            var cut = Segments.OneByteEach(output.WrittenSpan[..length]);
            Assert.False(parser(ref cut, out _), $"{length} bytes are not enough");
            Assert.Equal(length, cut.Length);
        }

        output.Write("rest"u8);
        var buffer = Segments.OneByteEach(output.WrittenSpan);
        Assert.True(parser(ref buffer, out var message));
        Assert.Equal(wanted, message);
        Assert.Equal(4, buffer.Length);
    }
}
