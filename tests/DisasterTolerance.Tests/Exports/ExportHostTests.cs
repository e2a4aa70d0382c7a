using System.Net.Sockets;
using DisasterTolerance.Exports;
using DisasterTolerance.Nbd;
using DisasterTolerance.Nbd.Tests.Support;
using DisasterTolerance.Tests.Recovery;

namespace DisasterTolerance.Tests.Exports;

public sealed class ExportHostTests : IDisposable
{
    private static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("eh");

    private ExportPlaces Places => ExportPlaces.Of(new ExportOptions(), _folder.FullName);

    public void Dispose() => _folder.Delete(true);

    [Fact]
    public async Task ServeAsync_Disk_IsReadByItsUriUntilItIsDisposed()
    {
        await using var site = await RestoreSite.StartAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        var disk = new MemoryBase(100_000, 1);

        var served = await host.ServeAsync(disk, null, null, default);
        await using var client = await ConnectAsync(served);
        var content = new byte[100_000];
        await client.ReadAsync(0, content);
        await served.DisposeAsync();

        Assert.Equal(disk.Content, content);
        Assert.Equal($"nbd+unix:///{served.Name}?socket={Places.Socket}", served.Uri.OriginalString);
        Assert.Null(served.RemoteUri);
        await Assert.ThrowsAsync<NbdException>(() => client.ReadAsync(0, content).AsTask().WaitAsync(HangLimit));
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<NbdException>(() => ConnectAsync(served))).Code);
    }

    [Fact]
    public async Task ServeAsync_SocketAndFolder_AreTheirOwnersOnly()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "skipped: no file modes");
        await using var site = await RestoreSite.StartAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var served = await host.ServeAsync(new MemoryBase(10, 1), null, null, default);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Places.SocketDirectory));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Places.Socket));
        }
    }

    [Fact]
    public async Task ServeAsync_FailingRequest_IsToldToWhoServes()
    {
        await using var site = await RestoreSite.StartAsync();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);
        var told = new TaskCompletionSource<Exception>();
        var fault = new IOException("a bad sector");
        await using var served = await host.ServeAsync(new MemoryBase(10, 1) { Fault = fault }, "kept", told.SetResult, default);
        await using var client = await ConnectAsync(served);

        await Assert.ThrowsAsync<NbdException>(() => client.ReadAsync(0, new byte[1]).AsTask());

        Assert.Equal("kept", served.Name);
        Assert.Same(fault, await told.Task.WaitAsync(HangLimit));
        Assert.Equal(ErrorCode.AlreadyExists, (await Assert.ThrowsAsync<NbdException>(() => host.ServeAsync(new MemoryBase(10, 1), "kept", null, default).AsTask())).Code);
    }

    [Fact]
    public async Task StartAsync_LeftoversOfAKilledProcess_AreRemoved()
    {
        await using var site = await RestoreSite.StartAsync();
        Directory.CreateDirectory(Places.SocketDirectory);
        Directory.CreateDirectory(Path.Combine(Places.PrivateOverlays, "left"));
        Directory.CreateDirectory(Places.OverlayOf("kept"));
        LeaveSocket();
        await using var host = new ExportHost(new ExportOptions(), Places, site.Context);

        await host.StartAsync(default);

        Assert.False(File.Exists(Places.Socket));
        Assert.False(Directory.Exists(Places.PrivateOverlays));
        Assert.True(Directory.Exists(Places.OverlayOf("kept")));
        await using var served = await host.ServeAsync(new MemoryBase(10, 1), null, null, default);
        await using var client = await ConnectAsync(served);
    }

    [Fact]
    public async Task ServeAsync_SocketOfALivingProcess_IsLeftAlone()
    {
        await using var site = await RestoreSite.StartAsync();
        await using var first = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var second = new ExportHost(new ExportOptions(), Places, site.Context);
        await using var served = await first.ServeAsync(new MemoryBase(10, 1), null, null, default);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => second.ServeAsync(new MemoryBase(10, 1), null, null, default).AsTask());

        Assert.Equal(ErrorCode.AddressUnusable, error.Code);
        await using var client = await ConnectAsync(served);
    }

    [Fact]
    public async Task ServeAsync_ListenWithTls_IsReadOverTheNetworkToo()
    {
        await using var site = await RestoreSite.StartAsync();
        using var certificates = new Certificates();
        var options = new ExportOptions { Listen = new(System.Net.IPAddress.Loopback, 0), Tls = certificates.ForServer, PublicHost = "localhost" };
        await using var host = new ExportHost(options, Places, site.Context);
        var disk = new MemoryBase(10_000, 1);

        var served = await host.ServeAsync(disk, null, null, default);
        var uri = served.RemoteUri!;
        var client = new NbdClientOptions { Server = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, uri.Port), Export = uri.AbsolutePath.TrimStart('/'), Tls = certificates.ForClient };
        await using var connection = await NbdClient.ConnectAsync(client).WaitAsync(HangLimit);
        var content = new byte[10_000];
        await connection.ReadAsync(0, content);
        await served.DisposeAsync();

        Assert.Equal(("nbds", "localhost"), (uri.Scheme, uri.Host));
        Assert.Equal(disk.Content, content);
        Assert.Equal(ErrorCode.NotFound, (await Assert.ThrowsAsync<NbdException>(() => NbdClient.ConnectAsync(client).WaitAsync(HangLimit))).Code);
    }

    [Fact]
    public async Task ServeAsync_SocketPathTooLong_SaysSo()
    {
        await using var site = await RestoreSite.StartAsync();
        var deep = ExportPlaces.Of(new ExportOptions(), Path.Combine(_folder.FullName, new string('d', 100)));
        await using var host = new ExportHost(new ExportOptions(), deep, site.Context);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => host.ServeAsync(new MemoryBase(10, 1), null, null, default).AsTask());

        Assert.Equal(ErrorCode.InvalidArgument, error.Code);
        Assert.Contains("SocketDirectory", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(deep.SocketDirectory));
    }

    [Fact]
    public void Problems_OptionsOutOfRange_AreAllTold()
    {
        var options = new ExportOptions { SocketDirectory = "/" + new string('d', 99), Listen = new(System.Net.IPAddress.Loopback, 0) };

        Assert.Equal(2, ExportPlaces.Problems(options).Count());
        Assert.Empty(ExportPlaces.Problems(new ExportOptions { SocketDirectory = "/" + new string('d', 97) }));
    }

    private static Task<NbdClient> ConnectAsync(ServedDisk served) => NbdClient.ConnectAsync(new()
    {
        Server = new UnixDomainSocketEndPoint(served.Uri.OriginalString.Split("?socket=")[1]), Export = served.Uri.AbsolutePath.TrimStart('/'),
    }).WaitAsync(HangLimit);

    // A socket's file stays when its process is killed; closing the descriptor alone is what the kernel does then.
    private void LeaveSocket()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var path = Places.Socket;
        socket.Bind(new UnixDomainSocketEndPoint(path + ".other"));
        socket.Listen();
        File.Move(path + ".other", path);
        socket.Dispose();
        Assert.True(File.Exists(path));
    }
}
