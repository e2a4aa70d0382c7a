using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Tests.Support;

/// <summary>Negotiates like a server and then does what the test says.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Task _serving;

    public ScriptedServer(TestFolder folder, Func<WireConnection, Task> script, bool negotiates = true, bool knowsOptions = true, long length = 1 << 20)
    {
        _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(folder.Socket);
        _listener.Listen();
        _serving = ServeAsync(script, negotiates, knowsOptions, length);
    }

    public static async Task<Request> RequestAsync(WireConnection wire) =>
        await wire.ReceiveAsync<Request>(RequestFormat.TryRead, CancellationToken.None);

    public static async Task<Request[]> RequestsAsync(WireConnection wire, int count)
    {
        var requests = new Request[count];
        for (var i = 0; i < count; i++)
        {
            requests[i] = await RequestAsync(wire);
        }

        return requests;
    }

    public static byte[] Chunk(Request request, ChunkType type, bool isDone, params byte[] payload)
    {
        var chunk = new byte[ReplyFormat.ChunkBytes + payload.Length];
        ReplyFormat.WriteChunk(chunk, type, isDone, request.Cookie, payload.Length);
        payload.CopyTo(chunk, ReplyFormat.ChunkBytes);
        return chunk;
    }

    public static byte[] Data(Request request, ulong offset, int length, byte value, bool isDone)
    {
        var payload = new byte[8 + length];
        BinaryPrimitives.WriteUInt64BigEndian(payload, offset);
        payload.AsSpan(8).Fill(value);
        return Chunk(request, ChunkType.OffsetData, isDone, payload);
    }

    public static byte[] Numbers(params uint[] values)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var value in values)
        {
            output.PutUInt32(value);
        }

        return output.WrittenSpan.ToArray();
    }

    /// <summary>Reads until the client hangs up.</summary>
    public static async Task UntilClosedAsync(WireConnection wire)
    {
        try
        {
            while (true)
            {
                await RequestAsync(wire);
            }
        }
        catch (Exception closed) when (closed is IOException or ObjectDisposedException)
        {
            // What was waited for.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _serving.WaitAsync(TestFolder.HangLimit);
        _listener.Dispose();
    }

    private async Task ServeAsync(Func<WireConnection, Task> script, bool negotiates, bool knowsOptions, long length)
    {
        await using var wire = new WireConnection(await _listener.AcceptAsync(), TimeProvider.System);
        if (negotiates)
        {
            await NegotiateAsync(wire, knowsOptions, length);
        }

        await script(wire);
    }

    private static async Task NegotiateAsync(WireConnection wire, bool knowsOptions, long length)
    {
        HandshakeFormat.WriteGreeting(wire.Output, HandshakeFlags.FixedNewstyle | HandshakeFlags.NoZeroes);
        await wire.Output.FlushAsync();
        await wire.ReceiveAsync<HandshakeFlags>(HandshakeFormat.TryReadClientFlags, CancellationToken.None);
        for (var option = OptionCode.Abort; option != OptionCode.Go;)
        {
            var header = await wire.ReceiveAsync<OptionHeader>(OptionFormat.TryReadHeader, CancellationToken.None);
            await wire.SkipAsync(header.Length, CancellationToken.None);
            option = header.Code;
            if (option == OptionCode.SetMetaContext && knowsOptions)
            {
                OptionReplyFormat.WriteContext(wire.Output, option, 7, NbdExtent.BaseAllocation);
            }
            else if (option == OptionCode.Go)
            {
                InfoFormat.WriteExport(wire.Output, option, length, NbdExportFlags.HasFlags | NbdExportFlags.Flush);
            }

            OptionReplyFormat.WriteHeader(wire.Output, option, knowsOptions || option == OptionCode.Go ? OptionReplyCode.Ack : OptionReplyCode.ErrorUnsupported, 0);
            await wire.Output.FlushAsync();
        }
    }
}
