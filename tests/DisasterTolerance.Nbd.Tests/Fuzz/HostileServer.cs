using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Tests.Support;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Tests.Fuzz;

/// <summary>A server that answers what was asked, but changes some of its messages on the way, and leaves when it has said enough.</summary>
internal sealed class HostileServer : IAsyncDisposable
{
    private const int MostMessages = 60;

    private readonly Socket _listener;
    private readonly Task _serving;

    /// <param name="folder">Where to listen.</param>
    /// <param name="change">Changes a message; null in its place ends the connection.</param>
    public HostileServer(TestFolder folder, Func<byte[], byte[]?> change)
    {
        File.Delete(folder.File("socket"));
        _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(folder.Socket);
        _listener.Listen();
        _serving = ServeAsync(change);
    }

    /// <summary>A server that says something whatever it is asked.</summary>
    public static HostileServer Replaying(TestFolder folder, IReadOnlyList<byte[]> messages)
    {
        var next = 0;
        return new(folder, _ => next < messages.Count ? messages[next++] : null);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving.WaitAsync(TestFolder.HangLimit);
    }

    private async Task ServeAsync(Func<byte[], byte[]?> change)
    {
        try
        {
            await using var wire = new WireConnection(await _listener.AcceptAsync(), TimeProvider.System);
            await AnswerAsync(wire, change);
        }
        catch (Exception gone) when (gone is SocketException or IOException or ObjectDisposedException or NbdProtocolException)
        {
            // The client has left, or what it sent was an answer to nonsense.
        }
    }

    private static async Task AnswerAsync(WireConnection wire, Func<byte[], byte[]?> change)
    {
        if (!await SendAsync(wire, change, Made(output => HandshakeFormat.WriteGreeting(output, HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes))))
        {
            return;
        }

        await wire.ReceiveAsync<HandshakeFlags>(HandshakeFormat.TryReadClientFlags, CancellationToken.None);
        for (var (said, option) = (0, OptionCode.Abort); said < MostMessages && option != OptionCode.Go; said++)
        {
            var header = await wire.ReceiveAsync<OptionHeader>(OptionFormat.TryReadHeader, CancellationToken.None);
            await wire.SkipAsync(header.Length, CancellationToken.None);
            option = header.Code;
            foreach (var reply in OptionReplies(option))
            {
                if (!await SendAsync(wire, change, reply))
                {
                    return;
                }
            }
        }

        for (var said = 0; said < MostMessages; said++)
        {
            var request = await ScriptedServer.RequestAsync(wire);
            await wire.SkipAsync(request.Command == Command.Write ? request.Length : 0, CancellationToken.None);
            foreach (var reply in Replies(request))
            {
                if (!await SendAsync(wire, change, reply))
                {
                    return;
                }
            }
        }
    }

    private static async Task<bool> SendAsync(WireConnection wire, Func<byte[], byte[]?> change, byte[] message)
    {
        if (change(message) is not { } changed)
        {
            return false;
        }

        wire.Output.Write(changed);
        await wire.Output.FlushAsync();
        return true;
    }

    private static IEnumerable<byte[]> OptionReplies(OptionCode option)
    {
        switch (option)
        {
            case OptionCode.List:
                yield return Made(output => OptionReplyFormat.WriteServer(output, new("disk", "a disk")));
                break;
            case OptionCode.SetMetaContext or OptionCode.ListMetaContext:
                yield return Made(output => OptionReplyFormat.WriteContext(output, option, 7, NbdExtent.BaseAllocation));
                break;
            case OptionCode.Go:
                yield return Made(output => InfoFormat.WriteExport(output, option, 1 << 20, (NbdExportFlags)0xffff & ~NbdExportFlags.ReadOnly));
                yield return Made(output => InfoFormat.WriteBlockSizes(output, option, new(1, 4096, 1 << 20)));
                break;
        }

        yield return Made(output => OptionReplyFormat.WriteHeader(output, option, OptionReplyCode.Ack, 0));
    }

    private static IEnumerable<byte[]> Replies(Request request)
    {
        switch (request.Command)
        {
            case Command.Read:
                var half = (int)Math.Min(request.Length / 2, 1 << 19);
                yield return ScriptedServer.Data(request, request.Offset, half, 1, isDone: false);
                yield return ScriptedServer.Chunk(request, ChunkType.OffsetHole, true, Hole(request.Offset + (ulong)half, request.Length - (uint)half));
                break;
            case Command.BlockStatus:
                yield return ScriptedServer.Chunk(request, ChunkType.BlockStatus, true, ScriptedServer.Numbers(7, request.Length / 2, 3, request.Length - (request.Length / 2), 0));
                break;
            case Command.Trim:
                yield return ReplyFormat.ErrorChunk(request.Cookie, NbdError.NoSpace, "full");
                break;
            default:
                var simple = new byte[ReplyFormat.SimpleBytes];
                ReplyFormat.WriteSimple(simple, NbdError.None, request.Cookie);
                yield return simple;
                break;
        }
    }

    private static byte[] Hole(ulong offset, uint length)
    {
        var payload = new byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(payload, offset);
        BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(8), length);
        return payload;
    }

    private static byte[] Made(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }
}
