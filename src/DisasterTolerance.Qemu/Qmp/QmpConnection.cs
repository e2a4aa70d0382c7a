using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace DisasterTolerance.Qemu.Qmp;

/// <summary>
/// A connection to a QEMU process by its monitor protocol. Thread-safe: commands may overlap, answers find their command by its number. QEMU serves one connection at a time on a socket.
/// </summary>
internal sealed class QmpConnection : IAsyncDisposable
{
    // A list of nodes with all their details is long, but nothing that QEMU says is longer than this.
    private const int MaxLineBytes = 32 << 20;

    private readonly string _path;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly Socket _socket;
    private readonly ConcurrentDictionary<long, TaskCompletionSource<JsonElement>> _waiting = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly TaskCompletionSource _greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _receiving;
    private Exception? _ended;
    private long _lastId;

    private QmpConnection(string path, Socket socket, TimeSpan timeout, TimeProvider time)
    {
        (_path, _socket, _timeout, _time) = (path, socket, timeout, time);
        PeerProcess = PeerOf(socket);
        _receiving = ReceiveAsync();
    }

    /// <summary>Told everything that QEMU says by itself, in order, on the receiving thread: a handler must be quick.</summary>
    public event Action<QmpEvent>? EventReceived;

    /// <summary>Completes when the connection has ended.</summary>
    public Task Ended => _receiving;

    /// <summary>The process at the other end, or null if the system does not tell.</summary>
    public int? PeerProcess { get; }

    /// <summary>Connects and agrees on the protocol.</summary>
    /// <exception cref="QmpException">Nobody is there, or does not answer in time.</exception>
    public static async Task<QmpConnection> ConnectAsync(string path, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        QmpConnection connection;
        using (var limit = new CancellationTokenSource(timeout, time))
        using (var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken))
        {
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), linked.Token).ConfigureAwait(false);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused || (e.SocketErrorCode != SocketError.AccessDenied && !File.Exists(path)))
            {
                socket.Dispose();
                throw new QmpException(QmpFailure.NotThere, $"nobody listens on '{path}'", e);
            }
            catch (SocketException e)
            {
                // Too many wait already, or we may not: somebody is there, and to take the machine for off would be the worst mistake.
                socket.Dispose();
                throw new QmpException(QmpFailure.Silent, $"no connection to '{path}': {e.Message}", e);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                socket.Dispose();
                throw new QmpException(QmpFailure.Silent, $"no connection to '{path}' within {timeout}");
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            connection = new QmpConnection(path, socket, timeout, time);
        }

        try
        {
            await connection._greeted.Task.WaitAsync(timeout, time, cancellationToken).ConfigureAwait(false);
            await connection.ExecuteAsync("qmp_capabilities", null, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch (TimeoutException e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw new QmpException(QmpFailure.Silent, $"QEMU did not greet on '{path}' within {timeout}: it hangs, or somebody else is connected", e);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Sends a command and waits for its answer.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="arguments">Its arguments, given away; null for none.</param>
    /// <param name="cancellationToken">Ends the wait; QEMU may do the command all the same.</param>
    /// <exception cref="QmpException">QEMU refused, ended, or did not answer in time.</exception>
    public async ValueTask<JsonElement> ExecuteAsync(string command, JsonObject? arguments, CancellationToken cancellationToken)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            if (Volatile.Read(ref _ended) is { } ended)
            {
                throw Gone(ended);
            }

            await SendAsync(QmpMessage.Command(command, arguments, id), cancellationToken).ConfigureAwait(false);
            return await answer.Task.WaitAsync(_timeout, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw new QmpException(QmpFailure.Silent, $"QEMU did not answer '{command}' within {_timeout}", e);
        }
        catch (SocketException e)
        {
            throw Gone(e);
        }
        catch (QmpException e) when (e.Failure == QmpFailure.Refused)
        {
            throw new QmpException(QmpFailure.Refused, $"'{command}': {e.Message}", e);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        await _receiving.ConfigureAwait(false);
        _sending.Dispose();
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> line, CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Half a line would break the next command, so once begun a line is sent to its end.
            while (!line.IsEmpty)
            {
                line = line[await _socket.SendAsync(line, CancellationToken.None).AsTask().WaitAsync(_timeout, _time, CancellationToken.None).ConfigureAwait(false)..];
            }
        }
        catch (TimeoutException)
        {
            _socket.Dispose();
            throw;
        }
        catch (ObjectDisposedException e)
        {
            throw Gone(e);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        Exception? cause = null;
        var reader = PipeReader.Create(new NetworkStream(_socket, ownsSocket: false));
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync().ConfigureAwait(false);
                var buffer = read.Buffer;
                while (buffer.PositionOf((byte)'\n') is { } end)
                {
                    Receive(buffer.Slice(0, end));
                    buffer = buffer.Slice(buffer.GetPosition(1, end));
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted || buffer.Length > MaxLineBytes)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or JsonException)
        {
            cause = e;
        }

        await reader.CompleteAsync().ConfigureAwait(false);
        Volatile.Write(ref _ended, cause ?? new EndOfStreamException("QEMU closed the connection."));
        _greeted.TrySetException(Gone(_ended));
        _ = _greeted.Task.Exception;
        foreach (var waiting in _waiting.Values)
        {
            waiting.TrySetException(Gone(_ended));
        }
    }

    private void Receive(in ReadOnlySequence<byte> line)
    {
        if (line.Length <= 1)
        {
            return;
        }

        var message = QmpMessage.Parse(line.IsSingleSegment ? line.FirstSpan : line.ToArray());
        switch (message.Kind)
        {
            case QmpMessageKind.Greeting:
                _greeted.TrySetResult();
                break;
            case QmpMessageKind.Event:
                EventReceived?.Invoke(QmpEvent.From(message.Body));
                break;
            case QmpMessageKind.Result when _waiting.TryGetValue(message.Id, out var answer):
                answer.TrySetResult(message.Body);
                break;
            case QmpMessageKind.Error when _waiting.TryGetValue(message.Id, out var answer):
                answer.TrySetException(new QmpException(QmpFailure.Refused, message.Body.ValueKind == JsonValueKind.Object && message.Body.TryGetProperty("desc", out var text) ? text.ToString() : "no reason given"));
                break;
            default:
                // An answer that nobody waits for any more.
                break;
        }
    }

    // Linux: SOL_SOCKET, SO_PEERCRED; struct ucred begins with the process.
    private static int? PeerOf(Socket socket)
    {
        var credentials = new byte[12];
        try
        {
            return socket.GetRawSocketOption(1, 17, credentials) >= sizeof(int) && BitConverter.ToInt32(credentials) is > 0 and var process ? process : null;
        }
        catch (SocketException)
        {
            // Its end is then known by its socket alone.
            return null;
        }
    }

    private QmpException Gone(Exception cause) => new(QmpFailure.Gone, $"QEMU ended the connection on '{_path}'", cause);
}
