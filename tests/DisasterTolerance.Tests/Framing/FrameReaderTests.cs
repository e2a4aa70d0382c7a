using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using DisasterTolerance.Framing;

namespace DisasterTolerance.Tests.Framing;

public sealed class FrameReaderTests
{
    private const int Limit = 4096;

    [Fact]
    public void TryRead_OneByteSegments_GivesEveryFrameInOrder()
    {
        var bytes = Concat(Encode(1, 0, "hello"), Encode(2, 7, ""), Encode(3, ulong.MaxValue, new string('x', Limit)));
        var buffer = Fragments.OneByteEach(bytes);

        Assert.True(FrameReader.TryRead(ref buffer, Limit, out var first));
        Assert.True(FrameReader.TryRead(ref buffer, Limit, out var second));
        Assert.True(FrameReader.TryRead(ref buffer, Limit, out var third));

        Assert.Equal((1, 0UL, "hello"), (first.Type, first.Stream, Text(first)));
        Assert.Equal((2, 7UL, ""), (second.Type, second.Stream, Text(second)));
        Assert.Equal((3, ulong.MaxValue, new string('x', Limit)), (third.Type, third.Stream, Text(third)));
        Assert.True(buffer.IsEmpty);
        Assert.False(FrameReader.TryRead(ref buffer, Limit, out _));
    }

    [Fact]
    public void TryRead_EveryTruncation_AsksForMoreAndLeavesTheBufferAlone()
    {
        var bytes = Encode(9, 5, "a body of some length");
        for (var length = 0; length < bytes.Length; length++)
        {
            var buffer = new ReadOnlySequence<byte>(bytes, 0, length);
            Assert.False(FrameReader.TryRead(ref buffer, Limit, out _), $"at {length} bytes");
            Assert.Equal(length, buffer.Length);
        }
    }

    [Fact]
    public void TryRead_EverySingleBitFlip_NeverGivesAFrame()
    {
        // Two frames, so that a flipped length finds bytes to take.
        var bytes = Concat(Encode(9, 5, "a body of some length"), Encode(9, 6, new string('y', 300)));
        var firstLength = FrameHeader.Size + "a body of some length".Length;
        for (var bit = 0; bit < firstLength * 8; bit++)
        {
            var flipped = (byte[])bytes.Clone();
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            var buffer = new ReadOnlySequence<byte>(flipped);
            try
            {
                Assert.False(FrameReader.TryRead(ref buffer, Limit, out _), $"bit {bit} was not seen");
            }
            catch (DisasterToleranceException e)
            {
                Assert.Equal(ErrorCode.ProtocolViolation, e.Code);
            }
        }
    }

    [Theory]
    [InlineData(Limit + 1u)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MaxValue + 1u)]
    [InlineData(uint.MaxValue)]
    public void TryRead_LengthBeyondTheLimit_IsRefusedFromTheHeaderAlone(uint length)
    {
        var bytes = Encode(1, 0, "")[..FrameHeader.Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, length);
        var allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<DisasterToleranceException>(() =>
        {
            var buffer = new ReadOnlySequence<byte>(bytes);
            FrameReader.TryRead(ref buffer, Limit, out _);
        });

        Assert.Equal(ErrorCode.ProtocolViolation, e.Code);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocatedBefore < 1024 * 1024);
    }

    [Fact]
    public void TryRead_LengthWithinTheLimitButShorter_IsAWrongChecksum()
    {
        var bytes = Encode(1, 0, "0123456789");
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, 9);
        var e = Assert.Throws<DisasterToleranceException>(() =>
        {
            var buffer = new ReadOnlySequence<byte>(bytes);
            FrameReader.TryRead(ref buffer, Limit, out _);
        });
        Assert.Equal(ErrorCode.ProtocolViolation, e.Code);
    }

    [Fact]
    public void TryRead_RandomFramesInRandomSegments_ComeBackEqual()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var sent = new List<(ushort Type, ulong Stream, byte[] Body)>();
            var output = new ArrayBufferWriter<byte>();
            for (var i = random.Next(1, 8); i > 0; i--)
            {
                var body = new byte[random.Next(0, 700)];
                random.NextBytes(body);
                var frame = ((ushort)random.Next(ushort.MaxValue), (ulong)random.NextInt64(), body);
                var cut = random.Next(body.Length + 1);
                FrameWriter.Write(output, frame.Item1, FrameFlags.Ignorable, frame.Item2, body.AsSpan(0, cut), body.AsSpan(cut));
                sent.Add(frame);
            }

            var buffer = Fragments.Of(output.WrittenMemory, () => random.Next(1, 90));
            foreach (var (type, stream, body) in sent)
            {
                Assert.True(FrameReader.TryRead(ref buffer, Limit, out var frame), $"seed {seed}");
                Assert.True(frame.Type == type && frame.Stream == stream && frame.Flags == FrameFlags.Ignorable && frame.Body.ToArray().AsSpan().SequenceEqual(body), $"seed {seed}");
            }

            Assert.True(buffer.IsEmpty, $"seed {seed}");
        }
    }

    [Fact]
    public void TryRead_RandomDamage_GivesNoFrameThatWasNotSent()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 3000; round++)
        {
            var bytes = Encode((ushort)random.Next(64), (ulong)random.Next(), new string('z', random.Next(200)));
            var damaged = (byte[])bytes.Clone();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            if (damaged.AsSpan().SequenceEqual(bytes))
            {
                continue;
            }

            var buffer = Fragments.Of(damaged, () => random.Next(1, 50));
            try
            {
                Assert.False(FrameReader.TryRead(ref buffer, Limit, out _), $"seed {seed} round {round}");
            }
            catch (DisasterToleranceException e)
            {
                Assert.True(e.Code == ErrorCode.ProtocolViolation, $"seed {seed} round {round}");
            }
        }
    }

    [Fact]
    public void Crc32C_KnownVector_IsCastagnoli()
    {
        var data = Encoding.ASCII.GetBytes("123456789");
        Assert.Equal(0xE3069283u, Crc32C.Of(data));
        Assert.Equal(0xE3069283u, Crc32C.Append(Crc32C.Of(data.AsSpan(0, 4)), data.AsSpan(4)));
    }

    [Fact]
    public void Write_KnownFrame_HasTheDocumentedLayout()
    {
        // docs/protocol.md, "Frames".
        var bytes = Encode(0x0206, 0x1122334455667788, "A");
        Assert.Equal("01000000" + "0602" + "00" + "00" + "8877665544332211", Convert.ToHexStringLower(bytes.AsSpan(0, 16)));
        Assert.Equal((byte)'A', bytes[20]);
        Assert.Equal(21, bytes.Length);
    }

    private static byte[] Encode(ushort type, ulong stream, string body)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, type, FrameFlags.None, stream, Encoding.ASCII.GetBytes(body));
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Concat(params byte[][] parts) => [.. parts.SelectMany(p => p)];

    private static string Text(Frame frame) => Encoding.ASCII.GetString(frame.Body.ToArray());
}
