using System.Net.Sockets;

namespace DisasterTolerance.Nbd.Tests.Support;

/// <summary>A folder of one test, with a server in it on request.</summary>
internal sealed class TestFolder : IDisposable
{
    public static readonly TimeSpan HangLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nbd");

    public string Path => _folder.FullName;

    public UnixDomainSocketEndPoint Socket => new(File("socket"));

    public string Uri(string export = "") => $"nbd+unix:///{export}?socket={File("socket")}";

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public NbdServer Serve(INbdExport export, Action<NbdServerOptions>? configure = null, string name = "")
    {
        var options = new NbdServerOptions { Listen = Socket };
        configure?.Invoke(options);
        var server = NbdServer.Start(options);
        server.AddExport(name, export);
        return server;
    }

    public Task<NbdClient> ConnectAsync(Action<NbdClientOptions>? configure = null)
    {
        var options = new NbdClientOptions { Server = Socket };
        configure?.Invoke(options);
        return NbdClient.ConnectAsync(options).WaitAsync(HangLimit);
    }

    public void Dispose() => _folder.Delete(true);
}
