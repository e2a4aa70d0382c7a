using System.Net.Sockets;
using DisasterTolerance.Nbd;
using DisasterTolerance.Testing.Conformance;

namespace DisasterTolerance.Qemu.Tests.Support;

/// <summary>Disks in memory that are served on a unix socket of their own.</summary>
internal sealed class ServedExports : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dtx");
    private NbdServer? _server;
    private int _count;

    public ServedExport Serve(long lengthBytes)
    {
        var socket = Path.Combine(_folder.FullName, "nbd");
        _server ??= NbdServer.Start(new() { Listen = new UnixDomainSocketEndPoint(socket) });
        var name = $"disk-{_count++}";
        var disk = new MemoryExport(lengthBytes);
        _server.AddExport(name, disk);
        return new(new Uri($"nbd+unix:///{name}?socket={socket}"), disk);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }
}
