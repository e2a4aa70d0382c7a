using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DisasterTolerance.Qemu.Agent;

/// <summary>
/// Talks to the agent inside a guest, one command after the other. The line is a serial port that may hold anything from before, so each connection begins with a mark that the agent repeats. Not thread-safe.
/// </summary>
internal sealed class GuestAgent : IDisposable
{
    private const byte Mark = 0xFF;
    private const int MaxLineBytes = 1 << 20;

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly byte[] _received = new byte[4096];
    private int _start;
    private int _end;

    private GuestAgent(Socket socket, TimeProvider time) => (_socket, _time) = (socket, time);

    /// <summary>Connects and waits until the agent answers.</summary>
    /// <returns>Null if it does not within the time, or there is none.</returns>
    public static async Task<GuestAgent?> ConnectAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var agent = new GuestAgent(socket, time);
        var answers = false;
        try
        {
            using var limit = new CancellationTokenSource(timeout, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), linked.Token).ConfigureAwait(false);
                await agent.SyncAsync(linked.Token).ConfigureAwait(false);
                answers = true;
                return agent;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception e) when (e is SocketException or JsonException or EndOfStreamException)
            {
                return null;
            }
        }
        finally
        {
            if (!answers)
            {
                socket.Dispose();
            }
        }
    }

    /// <summary>Sends a command and waits for its answer.</summary>
    /// <exception cref="AgentException">The agent refused, ended or did not answer in time. It may do the command all the same.</exception>
    public async ValueTask<JsonElement> ExecuteAsync(string command, JsonObject? arguments, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await SendAsync(command, arguments, linked.Token).ConfigureAwait(false);
            var answer = await ReceiveAsync(linked.Token).ConfigureAwait(false);
            return answer.TryGetProperty("return", out var result) ? result
                : throw new AgentException($"the guest agent refused '{command}': {(answer.TryGetProperty("error", out var error) ? error.ToString() : "no reason given")}") { IsRefused = true };
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentException($"the guest agent did not answer '{command}' within {timeout}", e);
        }
        catch (Exception e) when (e is SocketException or JsonException or EndOfStreamException)
        {
            throw new AgentException($"the line to the guest agent broke during '{command}': {e.Message}", e);
        }
    }

    /// <summary>Sends a command that the agent does not answer, such as a shutdown.</summary>
    public async ValueTask SendAsync(string command, JsonObject? arguments, CancellationToken cancellationToken)
    {
        var message = new JsonObject { ["execute"] = command };
        if (arguments is not null)
        {
            message["arguments"] = arguments;
        }

        await SendAllAsync(System.Text.Encoding.UTF8.GetBytes(message.ToJsonString() + "\n"), cancellationToken).ConfigureAwait(false);
    }

    public void Dispose() => _socket.Dispose();

    private async ValueTask SyncAsync(CancellationToken cancellationToken)
    {
        var number = Random.Shared.Next(1, int.MaxValue);
        var line = System.Text.Encoding.UTF8.GetBytes($"{{\"execute\":\"guest-sync-delimited\",\"arguments\":{{\"id\":{number}}}}}\n");
        await SendAllAsync((byte[])[Mark, .. line], cancellationToken).ConfigureAwait(false);
        while (true)
        {
            // Everything before the agent's own mark is from somebody who asked before.
            while (await NextAsync(cancellationToken).ConfigureAwait(false) != Mark)
            {
            }

            var answer = await ReceiveAsync(cancellationToken).ConfigureAwait(false);
            if (answer.TryGetProperty("return", out var repeated) && repeated.ValueKind == JsonValueKind.Number && repeated.TryGetInt64(out var id) && id == number)
            {
                return;
            }
        }
    }

    private async ValueTask SendAllAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, cancellationToken).ConfigureAwait(false)..];
        }
    }

    private async ValueTask<JsonElement> ReceiveAsync(CancellationToken cancellationToken)
    {
        List<byte> line = [];
        while (true)
        {
            var next = await NextAsync(cancellationToken).ConfigureAwait(false);
            if (next == '\n' && line.Count > 0)
            {
                using var document = JsonDocument.Parse(line.ToArray());
                return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : throw new JsonException("The agent's answer is no object.");
            }

            if (next is not ((byte)'\n' or Mark))
            {
                line.Add(next);
            }

            if (line.Count > MaxLineBytes)
            {
                throw new JsonException($"The agent's answer is longer than {MaxLineBytes} bytes.");
            }
        }
    }

    private async ValueTask<byte> NextAsync(CancellationToken cancellationToken)
    {
        if (_start == _end)
        {
            (_start, _end) = (0, await _socket.ReceiveAsync(_received, cancellationToken).ConfigureAwait(false));
            if (_end == 0)
            {
                throw new EndOfStreamException("The line was closed.");
            }
        }

        return _received[_start++];
    }
}

/// <summary>The agent refused a command or did not answer it. Never leaves the provider.</summary>
internal sealed class AgentException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether the agent answered that it would not.</summary>
    public bool IsRefused { get; init; }
}
