using System.Buffers;
using System.Net.Sockets;
using System.Text;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Tests.Support;

/// <summary>A client that sends what the test wants, sound or not.</summary>
internal sealed class RawClient : IAsyncDisposable
{
    private RawClient(WireConnection wire) => Wire = wire;

    public WireConnection Wire { get; }

    public static async Task<RawClient> ConnectAsync(TestFolder folder, HandshakeFlags flags = HandshakeFlags.FixedNewstyle)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(folder.Socket);
        var client = new RawClient(new(socket, TimeProvider.System));
        await client.Wire.ReceiveAsync<HandshakeFlags>(HandshakeFormat.TryReadGreeting, CancellationToken.None);
        client.Wire.Output.PutUInt32((uint)flags);
        return client;
    }

    /// <summary>Agrees on structured replies, the allocation context and the default export.</summary>
    public static async Task<RawClient> InTransmissionAsync(TestFolder folder, bool isStructured = true)
    {
        var client = await ConnectAsync(folder);
        if (isStructured)
        {
            await client.AskAsync(OptionCode.StructuredReply);
            OptionFormat.WriteContextRequest(client.Wire.Output, OptionCode.SetMetaContext, new("", [NbdExtent.BaseAllocation]));
            await client.RepliesAsync();
        }

        OptionFormat.WriteExportRequest(client.Wire.Output, OptionCode.Go, new("", [InfoCode.BlockSize]));
        Assert.Equal(OptionReplyCode.Ack, (await client.RepliesAsync())[^1]);
        return client;
    }

    /// <summary>Sends an option and returns the codes of all replies to it.</summary>
    public Task<List<OptionReplyCode>> AskAsync(OptionCode option, params byte[] data)
    {
        OptionFormat.WriteHeader(Wire.Output, option, data.Length);
        Wire.Output.Write(data);
        return RepliesAsync();
    }

    public async Task<List<OptionReplyCode>> RepliesAsync()
    {
        await Wire.Output.FlushAsync();
        List<OptionReplyCode> codes = [];
        while (true)
        {
            var header = await Wire.ReceiveAsync<OptionReplyHeader>(OptionReplyFormat.TryReadHeader, CancellationToken.None).AsTask().WaitAsync(TestFolder.HangLimit);
            await Wire.SkipAsync(header.Length, CancellationToken.None);
            codes.Add(header.Code);
            if (header.IsError || header.Code == OptionReplyCode.Ack)
            {
                return codes;
            }
        }
    }

    /// <summary>Sends one request and returns the error of its reply; data and the like are skipped.</summary>
    public async Task<NbdError> RequestAsync(Request request, params byte[] payload)
    {
        RequestFormat.Write(Wire.Output, request);
        Wire.Output.Write(payload);
        await Wire.Output.FlushAsync();
        var header = await Wire.ReceiveAsync<ReplyHeader>(ReplyFormat.TryReadHeader, CancellationToken.None).AsTask().WaitAsync(TestFolder.HangLimit);
        Assert.Equal(request.Cookie, header.Cookie);
        if (header.IsErrorChunk)
        {
            return (await Wire.ReceiveBlockAsync((int)header.Length, ReplyFormat.ReadError, CancellationToken.None)).Error;
        }

        var rest = header.IsStructured ? header.Length : request.Command == Command.Read && header.Error == NbdError.None ? request.Length : 0;
        await Wire.SkipAsync(rest, CancellationToken.None);
        return header.Error;
    }

    public async Task SendAsync(string hex)
    {
        Wire.Output.Write(Convert.FromHexString(hex));
        await Wire.Output.FlushAsync();
    }

    /// <summary>Whether the server closed the connection.</summary>
    public async Task<bool> IsClosedAsync()
    {
        try
        {
            return await Wire.Stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TestFolder.HangLimit) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    public ValueTask DisposeAsync() => Wire.DisposeAsync();
}
