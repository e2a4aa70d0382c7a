using System.Diagnostics;
using System.Net.Sockets;
using DisasterTolerance.Nbd.Tests.Support;

namespace DisasterTolerance.Nbd.Tests.Interop;

/// <summary>A server of others on the folder's socket, ended with the object.</summary>
internal sealed class ForeignServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ForeignServer(Process process) => (_process, _errors) = (process, process.StandardError.ReadToEndAsync());

    public static Task<ForeignServer> NbdkitAsync(TestFolder folder, params string[] arguments) =>
        StartAsync(folder, "nbdkit", ["-f", "--exit-with-parent", "-U", folder.File("socket"), .. arguments]);

    public static Task<ForeignServer> QemuNbdAsync(TestFolder folder, params string[] arguments) =>
        StartAsync(folder, "qemu-nbd", ["-t", "-e", "8", "-k", folder.File("socket"), .. arguments]);

    public async ValueTask DisposeAsync()
    {
        Tool.Stop(_process);
        await _process.WaitForExitAsync().WaitAsync(TestFolder.HangLimit);
        _process.Dispose();
    }

    private static async Task<ForeignServer> StartAsync(TestFolder folder, string name, string[] arguments)
    {
        var server = new ForeignServer(Tool.Start(name, arguments));
        var started = Stopwatch.GetTimestamp();
        while (!await ListensAsync(folder))
        {
            Assert.False(server._process.HasExited, $"{name} ended at once: {(server._process.HasExited ? await server._errors : "")}");
            Assert.True(Stopwatch.GetElapsedTime(started) < TestFolder.HangLimit, $"{name} does not listen.");
            await Task.Delay(20);
        }

        return server;
    }

    private static async Task<bool> ListensAsync(TestFolder folder)
    {
        if (!File.Exists(folder.File("socket")))
        {
            return false;
        }

        try
        {
            await NbdClient.ListExportsAsync(new() { Server = folder.Socket });
            return true;
        }
        catch (NbdException notYet) when (notYet.Code == ErrorCode.PeerUnreachable)
        {
            return false;
        }
    }
}
