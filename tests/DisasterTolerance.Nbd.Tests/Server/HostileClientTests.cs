using System.Net;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Server;

/// <summary>The server against clients that do odd things. After each, it still serves others.</summary>
public sealed class HostileClientTests : IAsyncDisposable
{
    private const int Size = 1 << 20;

    private readonly TestFolder _folder = new();
    private readonly List<Exception> _failures = [];
    private readonly NbdServer _server;

    public HostileClientTests() => _server = _folder.Serve(MemoryExport.Filled(Size, 1), options => options.Failed = (_, cause) =>
    {
        lock (_failures)
        {
            _failures.Add(cause);
        }
    });

    public async ValueTask DisposeAsync()
    {
        await using (var client = await _folder.ConnectAsync())
        {
            await client.ReadAsync(0, new byte[512]);
        }

        await _server.DisposeAsync().AsTask().WaitAsync(TestFolder.HangLimit);
        _folder.Dispose();
    }

    [Fact]
    public async Task Options_UnknownOrUnsound_AreAnsweredAndForgotten()
    {
        await using var client = await RawClient.ConnectAsync(_folder);

        Assert.Equal([OptionReplyCode.ErrorUnsupported], await client.AskAsync((OptionCode)4711, new byte[60_000]));
        Assert.Equal([OptionReplyCode.ErrorUnsupported], await client.AskAsync((OptionCode)uint.MaxValue));
        Assert.Equal([OptionReplyCode.ErrorInvalid], await client.AskAsync(OptionCode.List, 1));
        Assert.Equal([OptionReplyCode.ErrorInvalid], await client.AskAsync(OptionCode.Go, 0xff, 0xff, 0xff, 0xff));
        Assert.Equal([OptionReplyCode.ErrorInvalid], await client.AskAsync(OptionCode.Info));
        Assert.Equal([OptionReplyCode.ErrorInvalid], await client.AskAsync(OptionCode.SetMetaContext, 0, 0, 0, 0, 0, 0, 0, 0));
        Assert.Equal([OptionReplyCode.ErrorPolicy], await client.AskAsync(OptionCode.StartTls));
        Assert.Equal([OptionReplyCode.Ack], await client.AskAsync(OptionCode.StructuredReply));
        Assert.Equal([OptionReplyCode.ErrorUnknown], await client.AskAsync(OptionCode.Go, [0, 0, 0, 1, (byte)'x', 0, 0]));
        Assert.Equal([OptionReplyCode.Info, OptionReplyCode.Info, OptionReplyCode.Ack], await client.AskAsync(OptionCode.Info, 0, 0, 0, 0, 0, 0));
        Assert.Equal([OptionReplyCode.Ack], await client.AskAsync(OptionCode.Abort));
        Assert.True(await client.IsClosedAsync());
    }

    [Theory]
    [InlineData("49484156454f5054" + "00000003" + "00010001")]
    [InlineData("49484156454f5054" + "00000003" + "ffffffff")]
    [InlineData("49484156454f5055" + "00000003" + "00000000")]
    [InlineData("474554202f20485454502f312e310d0a")]
    public async Task Option_BrokenFrame_ClosesWithTheReason(string hex)
    {
        await using var client = await RawClient.ConnectAsync(_folder);

        await client.SendAsync(hex);

        Assert.True(await client.IsClosedAsync());
        Assert.IsType<NbdProtocolException>(await FailureAsync());
    }

    [Fact]
    public async Task Options_WithoutEnd_CloseTheConnection()
    {
        await using var client = await RawClient.ConnectAsync(_folder);
        for (var i = 0; i < 256; i++)
        {
            await client.AskAsync(OptionCode.StructuredReply);
        }

        Assert.True(await client.IsClosedAsync());
    }

    [Theory]
    [InlineData("25609514" + "0000" + "0000" + "0000000000000001" + "0000000000000000" + "00000200")]
    [InlineData("25609513" + "0000" + "0001" + "0000000000000001" + "0000000000000000" + "ffffffff")]
    public async Task Request_BrokenFrame_ClosesWithTheReason(string hex)
    {
        await using var client = await RawClient.InTransmissionAsync(_folder);

        await client.SendAsync(hex);

        Assert.True(await client.IsClosedAsync());
        Assert.IsType<NbdProtocolException>(await FailureAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Requests_NotAllowed_AreAnsweredWithANumber(bool isStructured)
    {
        await using var client = await RawClient.InTransmissionAsync(_folder, isStructured);

        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Read, 0, 1, Size, 1)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Read, 0, 2, ulong.MaxValue, 1)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Read, 0, 3, 0, uint.MaxValue)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Read, 0, 4, 0, 0)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Read, (CommandFlags)0x100, 5, 0, 512)));
        Assert.Equal(NbdError.NoSpace, await client.RequestAsync(new(Command.Write, 0, 6, Size - 1, 2), 1, 2));
        Assert.Equal(NbdError.NoSpace, await client.RequestAsync(new(Command.WriteZeroes, 0, 7, 0, uint.MaxValue)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Trim, 0, 8, Size, 512)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Flush, 0, 9, 1, 0)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new((Command)99, 0, 10, 0, 0)));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Read, CommandFlags.NoHole, 11, 0, 512)));
        Assert.Equal(isStructured ? NbdError.None : NbdError.Invalid, await client.RequestAsync(new(Command.BlockStatus, CommandFlags.RequestOne, 12, 0, 512)));
        Assert.Equal(isStructured ? NbdError.None : NbdError.Invalid, await client.RequestAsync(new(Command.Read, CommandFlags.DontFragment, 13, 0, Size)));
        Assert.Equal(NbdError.None, await client.RequestAsync(new(Command.Flush, CommandFlags.Fua, ulong.MaxValue, 0, 0)));
    }

    [Theory]
    [InlineData(true, 134)]
    [InlineData(false, 10)]
    public async Task ExportName_OldWayToChoose_IsServed(bool wantsZeroes, int answerBytes)
    {
        await using var client = await RawClient.ConnectAsync(_folder, HandshakeFlags.FixedNewstyle | (wantsZeroes ? HandshakeFlags.None : HandshakeFlags.NoZeroes));
        OptionFormat.WriteHeader(client.Wire.Output, OptionCode.ExportName, 0);
        await client.Wire.Output.FlushAsync();

        await client.Wire.SkipAsync(answerBytes, CancellationToken.None);

        Assert.Equal(NbdError.None, await client.RequestAsync(new(Command.Read, 0, 1, 0, 512)));
    }

    [Fact]
    public async Task Connection_RandomBytes_EndsAndNothingElse()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var i = 0; i < 50; i++)
        {
            await using var client = i % 2 == 0 ? await RawClient.ConnectAsync(_folder) : await RawClient.InTransmissionAsync(_folder);
            var bytes = new byte[random.Next(RequestFormat.HeaderBytes, 300)];
            random.NextBytes(bytes);
            await client.SendAsync(Convert.ToHexString(bytes));
            Assert.True(await client.IsClosedAsync(), $"seed {seed}, round {i}");
        }
    }

    [Fact]
    public async Task Connections_MoreThanAllowed_AreClosedAtOnce()
    {
        using var folder = new TestFolder();
        await using var server = folder.Serve(new MemoryExport(Size), options => options.MaxConnections = 1);
        await using var first = await folder.ConnectAsync();

        await Assert.ThrowsAsync<NbdException>(() => folder.ConnectAsync());
        await first.ReadAsync(0, new byte[512]);
    }

    [Fact]
    public async Task Write_LongerThanTheExportAllows_IsRefusedAndTheStreamStaysInStep()
    {
        using var folder = new TestFolder();
        await using var server = folder.Serve(new MemoryExport(Size) { BlockSizes = new(512, 512, 1024) });
        await using var client = await RawClient.InTransmissionAsync(folder);

        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Write, 0, 1, 0, 2048), new byte[2048]));
        Assert.Equal(NbdError.Invalid, await client.RequestAsync(new(Command.Write, 0, 2, 1, 512), new byte[512]));
        Assert.Equal(NbdError.None, await client.RequestAsync(new(Command.Write, 0, 3, 512, 512), new byte[512]));
    }

    [Fact]
    public async Task Start_TcpWithoutTls_IsRefused()
    {
        var refused = Assert.Throws<NbdException>(() => NbdServer.Start(new() { Listen = new IPEndPoint(IPAddress.Loopback, 0) }));

        Assert.Equal(ErrorCode.InvalidArgument, refused.Code);
        Assert.Contains("TLS", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.AddressUnusable, Assert.Throws<NbdException>(() => NbdServer.Start(new() { Listen = _folder.Socket })).Code);
        await Task.CompletedTask;
    }

    [Fact]
    public void Start_UnixSocket_IsItsOwnersOnly()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("skipped: no unix file modes");
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.File("socket")));
    }

    private async Task<Exception> FailureAsync()
    {
        for (var i = 0; i < 1000; i++)
        {
            lock (_failures)
            {
                if (_failures.Count > 0)
                {
                    return _failures[0];
                }
            }

            await Task.Delay(10);
        }

        throw new TimeoutException("The server reported nothing.");
    }
}
