using System.Buffers;
using System.Text;
using DisasterTolerance.Framing;
using DisasterTolerance.Links;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Tests.Links;

/// <summary>Somebody who holds a peer's key and sends what no release of ours would send.</summary>
public sealed class HostileDiallerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FirstFrame_Random_IsRefusedAndPeersStillGetIn()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var pair = new LinkPair();
        await pair.SecondHost.StartAsync(Token);
        for (var i = 0; i < 200; i++)
        {
            await using var connection = await DialAsync(pair);
            await SendAsync(connection, random.Next(3) switch
            {
                0 => Noise(random, random.Next(200)),
                1 => Frame((ushort)random.Next(16), Noise(random, random.Next(100))),
                _ => Frame((ushort)FrameType.Hello, [.. "DT-LINK\n"u8, .. Noise(random, random.Next(100))]),
            });
            await connection.Output.CompleteAsync();
            await EndAsync(connection, $"seed {seed} round {i}");
        }

        await pair.FirstHost.StartAsync(Token);
        await pair.UntilAsync(() => pair.First.State.IsUp, $"the link did not come up, seed {seed}");
    }

    [Fact]
    public async Task AfterHello_RandomControlFrames_EndOnlyThatConnection()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var pair = new LinkPair();
        await pair.SecondHost.StartAsync(Token);
        for (var i = 0; i < 100; i++)
        {
            await using var connection = await DialAsync(pair);
            await SendAsync(connection, Frame((ushort)FrameType.Hello, Hello(HelloCodec.ControlRole, i + 1)));
            for (var n = random.Next(1, 6); n > 0; n--)
            {
                await SendAsync(connection, Frame((ushort)random.Next(0x30), Noise(random, random.Next(64)), (ulong)random.Next(3)));
            }

            await connection.Output.CompleteAsync();
            await EndAsync(connection, $"seed {seed} round {i}");
        }

        await pair.FirstHost.StartAsync(Token);
        await pair.UntilAsync(() => pair.First.State.IsUp, $"the link did not come up, seed {seed}");
        Assert.Equal("second:ok", await pair.First.CallAsync(LinkPair.Echo, "ok", Token));
    }

    [Fact]
    public async Task FirstFrame_NeverSent_IsClosedAtTheDeadline()
    {
        await using var pair = new LinkPair();
        await pair.SecondHost.StartAsync(Token);
        await using var connection = await DialAsync(pair);
        await SendAsync(connection, new byte[5]);
        var ending = EndAsync(connection, "the connection stayed open");
        var begin = pair.Time.GetUtcNow();
        await pair.UntilAsync(() => ending.IsCompleted, "the connection stayed open", TimeSpan.FromMilliseconds(200));
        await ending;
        Assert.InRange(pair.Time.GetUtcNow() - begin, pair.Options.HandshakeTimeout - TimeSpan.FromSeconds(1), pair.Options.HandshakeTimeout * 2);
    }

    [Fact]
    public async Task Hello_LateOneOfTheSameProcess_DoesNotReplaceTheNewer()
    {
        await using var pair = new LinkPair();
        await pair.SecondHost.StartAsync(Token);
        await using var newer = await DialAsync(pair);
        await SendAsync(newer, Frame((ushort)FrameType.Hello, Hello(HelloCodec.ControlRole, 2)));
        await pair.UntilAsync(() => pair.Second.State.IsUp, "the link did not come up", TimeSpan.FromMilliseconds(1));
        await using var late = await DialAsync(pair);
        await SendAsync(late, Frame((ushort)FrameType.Hello, Hello(HelloCodec.ControlRole, 1)));
        Assert.Equal((ushort)FrameType.Refuse, await FirstTypeAsync(late));
        Assert.True(pair.Second.State.IsUp);
        await using var newest = await DialAsync(pair);
        await SendAsync(newest, Frame((ushort)FrameType.Hello, Hello(HelloCodec.ControlRole, 3)));
        Assert.Equal((ushort)FrameType.Welcome, await FirstTypeAsync(newest));
        await EndAsync(newer, "the older connection stayed open");
        newest.Abort("done");
    }

    [Fact]
    public async Task Control_UnknownButIgnorableFrame_IsSkipped()
    {
        await using var pair = new LinkPair();
        await pair.SecondHost.StartAsync(Token);
        await using var connection = await DialAsync(pair);
        await SendAsync(connection, Frame((ushort)FrameType.Hello, Hello(HelloCodec.ControlRole, 1)));
        await SendAsync(connection, Frame(0x7777, "news"u8.ToArray(), 0, FrameFlags.Ignorable));
        await SendAsync(connection, Frame((ushort)FrameType.Request, [9, .. "test.echo"u8, .. "\"x\""u8], 5));
        var body = await UntilTypeAsync(connection, FrameType.Response);
        Assert.Equal("\"second:x\"", body);
        connection.Abort("done");
    }

    private static async Task<ILinkConnection> DialAsync(LinkPair pair) =>
        await pair.Network.First.ConnectAsync(new PeerAddress(LinkPair.SecondUuid, "simulated:1", [new string('b', 64)]), Token);

    private static byte[] Hello(string role, long sequence) => HelloCodec.Encode(new Hello
    {
        MinVersion = 1,
        MaxVersion = 1,
        Site = LinkPair.FirstUuid,
        Name = "hostile",
        Role = role,
        Incarnation = LinkPair.FirstUuid,
        Sequence = sequence,
    });

    private static byte[] Frame(ushort type, byte[] body, ulong stream = 0, FrameFlags flags = FrameFlags.None)
    {
        var output = new ArrayBufferWriter<byte>();
        FrameWriter.Write(output, type, flags, stream, body);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Noise(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static async Task SendAsync(ILinkConnection connection, byte[] bytes)
    {
        try
        {
            await connection.Output.WriteAsync(bytes, Token);
        }
        catch (IOException)
        {
            // The other side closed already, as it may.
        }
    }

    private static async Task EndAsync(ILinkConnection connection, string otherwise)
    {
        try
        {
            while (true)
            {
                var read = await connection.Input.ReadAsync(Token).AsTask().WaitAsync(LinkPair.Hang, Token);
                connection.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return;
                }
            }
        }
        catch (IOException)
        {
            return;
        }
        catch (TimeoutException)
        {
            Assert.Fail(otherwise);
        }
    }

    private static async Task<ushort> FirstTypeAsync(ILinkConnection connection)
    {
        while (true)
        {
            var read = await connection.Input.ReadAsync(Token).AsTask().WaitAsync(LinkPair.Hang, Token);
            var buffer = read.Buffer;
            if (FrameReader.TryRead(ref buffer, LinkLimits.HelloBodyBytes, out var frame))
            {
                connection.Input.AdvanceTo(buffer.Start);
                return frame.Type;
            }

            connection.Input.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static async Task<string> UntilTypeAsync(ILinkConnection connection, FrameType type)
    {
        while (true)
        {
            var read = await connection.Input.ReadAsync(Token).AsTask().WaitAsync(LinkPair.Hang, Token);
            var buffer = read.Buffer;
            while (FrameReader.TryRead(ref buffer, LinkLimits.ControlBodyBytes, out var frame))
            {
                if (frame.Type == (ushort)type)
                {
                    return Encoding.UTF8.GetString(frame.Body);
                }
            }

            connection.Input.AdvanceTo(buffer.Start, buffer.End);
        }
    }
}
