using System.Net;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Server;

/// <summary>STARTTLS on TCP and on unix sockets.</summary>
public sealed class TlsTests : IDisposable
{
    private const int Size = 4 << 20;

    private readonly TestFolder _folder = new();
    private readonly Certificates _certificates = new();

    public void Dispose()
    {
        _certificates.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Tcp_WithTls_CarriesManyRequests()
    {
        await using var server = NbdServer.Start(new() { Listen = new IPEndPoint(IPAddress.Loopback, 0), Tls = _certificates.ForServer });
        var export = MemoryExport.Filled(Size, 11);
        server.AddExport("disk", export);
        await using var client = await NbdClient.ConnectAsync(new() { Server = server.EndPoint, Export = "disk", Tls = _certificates.ForClient, Contexts = [NbdExtent.BaseAllocation] });
        var buffer = new byte[Size];

        await Task.WhenAll(Enumerable.Range(0, 64).Select(index => client.ReadAsync(index << 16, buffer.AsMemory(index << 16, 1 << 16)).AsTask())).WaitAsync(TestFolder.HangLimit);
        await client.WriteAsync(0, new byte[1 << 20]);

        Assert.Equal(export.Content.AsSpan(1 << 20), buffer.AsSpan(1 << 20));
        Assert.False(export.Content.AsSpan(0, 1 << 20).ContainsAnyExcept((byte)0));
        Assert.Equal([NbdExtent.BaseAllocation], client.Contexts);
    }

    [Fact]
    public async Task Connect_PlainToTlsServer_IsToldToUseTls()
    {
        await using var server = _folder.Serve(new MemoryExport(Size), options => options.Tls = _certificates.ForServer);

        var refused = await Assert.ThrowsAsync<NbdException>(() => _folder.ConnectAsync());

        Assert.Equal(ErrorCode.PeerRefused, refused.Code);
        Assert.Contains("wants TLS", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_TlsToPlainServer_IsRefusedAndNotPlain()
    {
        await using var server = _folder.Serve(new MemoryExport(Size));

        var refused = await Assert.ThrowsAsync<NbdException>(() => _folder.ConnectAsync(options => options.Tls = _certificates.ForClient));

        Assert.Equal(ErrorCode.PeerRefused, refused.Code);
    }

    [Fact]
    public async Task Connect_CertificateOfAnotherAuthority_IsRefused()
    {
        using var others = new Certificates();
        await using var server = _folder.Serve(new MemoryExport(Size), options => options.Tls = _certificates.ForServer);

        var refused = await Assert.ThrowsAsync<NbdException>(() => _folder.ConnectAsync(options => options.Tls = others.ForClient));

        Assert.Equal((ErrorCode.PeerRefused, false), (refused.Code, refused.IsTransient));
    }

    [Fact]
    public async Task Options_BeforeTls_TellNothing()
    {
        await using var server = _folder.Serve(new MemoryExport(Size), options => options.Tls = _certificates.ForServer);
        await using var client = await RawClient.ConnectAsync(_folder);

        Assert.Equal([OptionReplyCode.ErrorTlsRequired], await client.AskAsync(OptionCode.List));
        Assert.Equal([OptionReplyCode.ErrorTlsRequired], await client.AskAsync(OptionCode.Go, 0, 0, 0, 0, 0, 0));
        Assert.Equal([OptionReplyCode.ErrorTlsRequired], await client.AskAsync((OptionCode)4711));
        Assert.Equal([OptionReplyCode.ErrorInvalid], await client.AskAsync(OptionCode.StartTls, 1));
    }

    [Fact]
    public async Task StartTls_PlainBytesSlippedInBehindIt_CloseTheConnection()
    {
        await using var server = _folder.Serve(new MemoryExport(Size), options => options.Tls = _certificates.ForServer);
        await using var client = await RawClient.ConnectAsync(_folder);
        OptionFormat.WriteHeader(client.Wire.Output, OptionCode.StartTls, 0);
        OptionFormat.WriteHeader(client.Wire.Output, OptionCode.List, 0);
        await client.Wire.Output.FlushAsync();

        Assert.True(await client.IsClosedAsync());
    }
}
