using System.Buffers;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Protocol;

/// <summary>What exceeds a limit or the protocol is refused by one exception, and random bytes by nothing else.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData("4e42444d41474944" + "49484156454f5054" + "0003")]
    [InlineData("4e42444d41474943" + "0000420281861253" + "0003")]
    [InlineData("4e42444d41474943" + "49484156454f5054" + "0002")]
    public void Greeting_NotOurs_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => Take(hex, buffer => HandshakeFormat.TryReadGreeting(ref buffer, out _)));

    [Theory]
    [InlineData("00000002")]
    [InlineData("00000005")]
    public void ClientFlags_Unknown_Throw(string hex) =>
        Assert.Throws<NbdProtocolException>(() => Take(hex, buffer => HandshakeFormat.TryReadClientFlags(ref buffer, out _)));

    [Theory]
    [InlineData("49484156454f5055" + "00000007" + "00000000")]
    [InlineData("49484156454f5054" + "00000007" + "00010001")]
    [InlineData("49484156454f5054" + "00000007" + "ffffffff")]
    public void OptionHeader_WrongOrTooLong_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => Take(hex, buffer => OptionFormat.TryReadHeader(ref buffer, out _)));

    [Theory]
    [InlineData("0003e889045565aa" + "00000007" + "00000001" + "00000000")]
    [InlineData("0003e889045565a9" + "00000007" + "00000001" + "80000000")]
    public void OptionReplyHeader_WrongOrTooLong_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => Take(hex, buffer => OptionReplyFormat.TryReadHeader(ref buffer, out _)));

    [Theory]
    [InlineData("25609514" + "0000" + "0000" + "0000000000000001" + "0000000000000000" + "00000001")]
    [InlineData("25609513" + "0000" + "0001" + "0000000000000001" + "0000000000000000" + "04000001")]
    public void Request_WrongOrTooLong_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => Take(hex, buffer => RequestFormat.TryRead(ref buffer, out _)));

    [Theory]
    [InlineData("67446699" + "00000000" + "0000000000000001" + "00000000")]
    [InlineData("668e33ef" + "0001" + "0000" + "0000000000000001" + "00000001")] // NONE with a payload
    [InlineData("668e33ef" + "0000" + "0000" + "0000000000000001" + "00000000")] // NONE that is not the last
    [InlineData("668e33ef" + "0001" + "0001" + "0000000000000001" + "00000008")] // data of no bytes
    [InlineData("668e33ef" + "0001" + "0001" + "0000000000000001" + "ffffffff")]
    [InlineData("668e33ef" + "0001" + "0002" + "0000000000000001" + "0000000d")]
    [InlineData("668e33ef" + "0001" + "0005" + "0000000000000001" + "00000004")]
    [InlineData("668e33ef" + "0001" + "0005" + "0000000000000001" + "0000000d")]
    [InlineData("668e33ef" + "0001" + "0005" + "0000000000000001" + "7ffffffc")]
    [InlineData("668e33ef" + "0001" + "0007" + "0000000000000001" + "00000000")] // an unknown type
    [InlineData("668e33ef" + "0001" + "8001" + "0000000000000001" + "00000005")]
    [InlineData("668e33ef" + "0001" + "8001" + "0000000000000001" + "00010000")]
    [InlineData("668e33ef" + "0001" + "8002" + "0000000000000001" + "0000000d")]
    public void Reply_WrongTypeOrLength_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => Take(hex, buffer => ReplyFormat.TryReadHeader(ref buffer, out _)));

    [Theory]
    [InlineData("00000000" + "0000")] // an error that is none
    [InlineData("00000005" + "0003" + "6162")] // a message longer than the chunk
    [InlineData("00000005" + "0002" + "ff61")] // not UTF-8
    [InlineData("00000005" + "0001" + "00")]
    public void Error_Inconsistent_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => ReplyFormat.ReadError(Segments.OneByteEach(Convert.FromHexString(hex))));

    [Theory]
    [InlineData("00000004" + "6162")]
    [InlineData("00001001" + "61")]
    [InlineData("ffffffff")]
    [InlineData("00000000" + "0002" + "0003")]
    [InlineData("00000000" + "0000" + "0003")]
    public void ExportRequest_Inconsistent_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => OptionFormat.ReadExportRequest(Segments.OneByteEach(Convert.FromHexString(hex))));

    [Theory]
    [InlineData("00000000" + "00000041")]
    [InlineData("00000000" + "00000001" + "00000002" + "61")]
    [InlineData("00000000" + "00000000" + "61")]
    [InlineData("00000000" + "ffffffff")]
    public void ContextRequest_Inconsistent_Throws(string hex) =>
        Assert.Throws<NbdProtocolException>(() => OptionFormat.ReadContextRequest(Segments.OneByteEach(Convert.FromHexString(hex))));

    [Theory]
    [InlineData("00000003" + "00001000" + "00100000")]
    [InlineData("00000000" + "00001000" + "00100000")]
    [InlineData("00020000" + "00020000" + "00100000")]
    [InlineData("00001000" + "00000200" + "00100000")]
    [InlineData("00001000" + "00001000" + "00000200")]
    public void BlockSizes_Impossible_Throw(string hex) =>
        Assert.Throws<NbdProtocolException>(() => InfoFormat.ReadBlockSizes(Segments.OneByteEach(Convert.FromHexString(hex))));

    [Fact]
    public void BlockSizes_NoLimit_IsHeldToOurs() =>
        Assert.Equal(Limits.PayloadBytes, InfoFormat.ReadBlockSizes(Segments.OneByteEach(Convert.FromHexString("00000200" + "00001000" + "ffffffff"))).Maximum);

    [Fact]
    public void Parsers_RandomBytes_ThrowNothingElse()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        byte[][] starts =
        [
            [], Convert.FromHexString("4e42444d41474943" + "49484156454f5054"), Convert.FromHexString("49484156454f5054"), Convert.FromHexString("0003e889045565a9"),
            Convert.FromHexString("25609513"), Convert.FromHexString("67446698"), Convert.FromHexString("668e33ef"), new byte[3],
        ];
        for (var i = 0; i < 20_000; i++)
        {
            var start = starts[random.Next(starts.Length)];
            var bytes = new byte[start.Length + random.Next(64)];
            random.NextBytes(bytes);
            start.CopyTo(bytes, 0);
            foreach (var parser in Parsers)
            {
                try
                {
                    parser(Segments.OneByteEach(bytes));
                }
                catch (NbdProtocolException)
                {
                    // The only one that is allowed.
                }
                catch (Exception other)
                {
                    Assert.Fail($"seed {seed}, {Convert.ToHexString(bytes)}: {other}");
                }
            }
        }
    }

    private static readonly Action<ReadOnlySequence<byte>>[] Parsers =
    [
        buffer => HandshakeFormat.TryReadGreeting(ref buffer, out _),
        buffer => HandshakeFormat.TryReadClientFlags(ref buffer, out _),
        buffer => OptionFormat.TryReadHeader(ref buffer, out _),
        buffer => OptionFormat.ReadExportRequest(buffer),
        buffer => OptionFormat.ReadContextRequest(buffer),
        buffer => OptionReplyFormat.TryReadHeader(ref buffer, out _),
        buffer => OptionReplyFormat.ReadServer(buffer),
        buffer => OptionReplyFormat.ReadContext(buffer),
        buffer => InfoFormat.ReadExport(buffer),
        buffer => InfoFormat.ReadBlockSizes(buffer),
        buffer => RequestFormat.TryRead(ref buffer, out _),
        buffer => ReplyFormat.TryReadHeader(ref buffer, out _),
        buffer => ReplyFormat.TryReadDescriptor(ref buffer, out _),
        buffer => ReplyFormat.ReadError(buffer),
    ];

    private static void Take(string hex, Action<ReadOnlySequence<byte>> parse) => parse(Segments.OneByteEach(Convert.FromHexString(hex)));
}
