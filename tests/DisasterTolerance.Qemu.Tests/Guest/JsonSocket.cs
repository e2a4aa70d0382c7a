using System.Net.Sockets;
using System.Text.Json;

namespace DisasterTolerance.Qemu.Tests.Guest;

/// <summary>Commands to QEMU or to its guest agent, one JSON object a line.</summary>
internal sealed class JsonSocket : IDisposable
{
    private readonly Socket _socket;
    private readonly StreamReader _reader;

    private JsonSocket(Socket socket) => (_socket, _reader) = (socket, new(new NetworkStream(socket)));

    /// <summary>QEMU's own protocol, past its greeting.</summary>
    public static async Task<JsonSocket> QmpAsync(GuestMachine machine)
    {
        var qmp = await ConnectAsync(machine.Qmp);
        await qmp._reader.ReadLineAsync();
        await qmp.ExecuteAsync("qmp_capabilities");
        return qmp;
    }

    public static Task<JsonSocket> AgentAsync(GuestMachine machine) => ConnectAsync(machine.Agent);

    /// <summary>Sends a command and waits for its result.</summary>
    public async Task<string> ExecuteAsync(string command)
    {
        await SendAsync(command);
        while (await _reader.ReadLineAsync().WaitAsync(ForeignProgram.HangLimit) is { } line)
        {
            using var answer = JsonDocument.Parse(line);
            Assert.False(answer.RootElement.TryGetProperty("error", out var error), $"{command}: {error}");
            if (answer.RootElement.TryGetProperty("return", out var result))
            {
                return result.GetRawText();
            }
        }

        Assert.Fail($"The connection ended before the answer to {command}.");
        return "";
    }

    /// <summary>Sends a command that is not answered.</summary>
    public async Task SendAsync(string command) => await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(new { execute = command }));

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private static async Task<JsonSocket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        return new(socket);
    }
}
