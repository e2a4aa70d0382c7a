using System.Net.Sockets;
using DisasterTolerance.Qemu.Qmp;

namespace DisasterTolerance.Qemu.Tests.Qmp;

/// <summary>Only a socket that refuses, or is not there, says that a machine is off.</summary>
public sealed class QmpConnectionTests : IDisposable
{
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dtqmp");

    private string Path => System.IO.Path.Combine(_folder.FullName, "qmp");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Connect_NoSocket_IsNotThere() => Assert.Equal(QmpFailure.NotThere, (await FailAsync()).Failure);

    [Fact]
    public async Task Connect_NobodyListensAnyMore_IsNotThere()
    {
        using (var listener = Listen(1))
        {
            // The end of a process leaves its socket's file.
            File.Move(Path, Path + ".kept");
        }

        File.Move(Path + ".kept", Path);

        Assert.Equal(QmpFailure.NotThere, (await FailAsync()).Failure);
    }

    [Fact]
    public async Task Connect_SomebodyListensWhoTakesNoMore_IsSilent()
    {
        using var listener = Listen(0);
        List<Socket> waiting = [];
        try
        {
            // Fill what the system keeps for a process that hangs, until it refuses for now.
            for (var isFull = false; !isFull && waiting.Count < 64;)
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
                waiting.Add(socket);
                try
                {
                    socket.Connect(new UnixDomainSocketEndPoint(Path));
                }
                catch (SocketException e)
                {
                    Assert.Equal(SocketError.WouldBlock, e.SocketErrorCode);
                    isFull = true;
                }
            }

            Assert.Equal(QmpFailure.Silent, (await FailAsync()).Failure);
        }
        finally
        {
            waiting.ForEach(socket => socket.Dispose());
        }
    }

    private Socket Listen(int backlog)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Path));
        listener.Listen(backlog);
        return listener;
    }

    private async Task<QmpException> FailAsync() =>
        await Assert.ThrowsAsync<QmpException>(() => QmpConnection.ConnectAsync(Path, TimeSpan.FromSeconds(1), TimeProvider.System, _cancellation));
}
