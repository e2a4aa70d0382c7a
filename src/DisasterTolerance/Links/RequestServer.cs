using System.Buffers;
using System.Text;
using DisasterTolerance.Framing;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>Serves the requests of one peer on one control connection. Called by the connection's only reader; handlers run beside it.</summary>
internal sealed class RequestServer(Guid peer, FrameStream frames, ControlDispatcher dispatcher, ILogger logger)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ulong, Running> _running = [];
    private long _bytes;
    private int _busyAnswers;
    private bool _ended;

    /// <summary>Starts the handler of a request.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.ProtocolViolation"/>: the body is not a request, or the stream is in use.</exception>
    public void Start(in Frame frame)
    {
        var bytes = frame.Body.ToArray();
        var nameLength = bytes.Length > 0 ? bytes[0] : 0;
        if (nameLength is 0 or > LinkLimits.MethodNameBytes || bytes.Length < 1 + nameLength || !Ascii.IsValid(bytes.AsSpan(1, nameLength)))
        {
            throw LinkErrors.Violation("A request has no valid method name.");
        }

        var method = Encoding.ASCII.GetString(bytes, 1, nameLength);
        var running = new Running(bytes.Length);
        var isTooMany = false;
        lock (_lock)
        {
            if (_ended)
            {
                running.Cancellation.Dispose();
                return;
            }

            isTooMany = _running.Count >= LinkLimits.ConcurrentRequests || (_running.Count > 0 && _bytes + bytes.Length > LinkLimits.ConcurrentRequestBytes);
            if (!isTooMany)
            {
                if (!_running.TryAdd(frame.Stream, running))
                {
                    throw LinkErrors.Violation("A request uses a stream that is in use.");
                }

                _bytes += bytes.Length;
            }
        }

        var stream = frame.Stream;
        if (isTooMany)
        {
            running.Cancellation.Dispose();
            var busy = new DisasterToleranceException(ErrorCode.Unavailable, "The peer serves too many requests at this time. Try again later.", isTransient: true);
            _ = SendBusyAsync(stream, method, HelloCodec.EncodeError(busy));
        }
        else
        {
            running.Work = Task.Run(() => ServeAsync(stream, method, bytes.AsMemory(1 + nameLength), running), CancellationToken.None);
        }
    }

    /// <summary>Cancels the handler of a request, if it still runs.</summary>
    public void Cancel(ulong stream)
    {
        lock (_lock)
        {
            if (_running.TryGetValue(stream, out var running))
            {
                // Callbacks of the token may run code of handlers, which must not hold up the reader.
                _ = running.Cancellation.CancelAsync();
            }
        }
    }

    /// <summary>Cancels all handlers. The task ends when they have ended.</summary>
    public Task EndAsync()
    {
        Running[] open;
        lock (_lock)
        {
            _ended = true;
            open = [.. _running.Values];
            foreach (var running in open)
            {
                _ = running.Cancellation.CancelAsync();
            }
        }

        return Task.WhenAll(open.Select(r => r.Work));
    }

    private async Task ServeAsync(ulong stream, string method, ReadOnlyMemory<byte> body, Running running)
    {
        var type = FrameType.Response;
        byte[] answer;
        try
        {
            answer = await dispatcher.InvokeAsync(peer, method, body, running.Cancellation.Token).ConfigureAwait(false);
            if (answer.Length > LinkLimits.ControlBodyBytes)
            {
                throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"The answer to '{method}' is longer than {LinkLimits.ControlBodyBytes} bytes. Ask for less at once.");
            }
        }
        catch (Exception e)
        {
            // Whatever a handler throws belongs to the caller; the connection and the other requests go on.
            Log.HandlerFailed(logger, method, peer, e);
            type = FrameType.Failure;
            answer = HelloCodec.EncodeError(e);
        }

        lock (_lock)
        {
            _running.Remove(stream);
            _bytes -= running.Bytes;
        }

        running.Cancellation.Dispose();
        await SendAsync(type, stream, method, answer).ConfigureAwait(false);
    }

    private async Task SendBusyAsync(ulong stream, string method, byte[] body)
    {
        if (Interlocked.Increment(ref _busyAnswers) > LinkLimits.ConcurrentRequests)
        {
            frames.Close(new LinkClosing(ErrorCode.ProtocolViolation, "The peer sends requests without reading the answers."));
        }

        await SendAsync(FrameType.Failure, stream, method, body).ConfigureAwait(false);
        Interlocked.Decrement(ref _busyAnswers);
    }

    private async Task SendAsync(FrameType type, ulong stream, string method, byte[] body)
    {
        try
        {
            await frames.WriteAsync(type, stream, body).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            // The caller learns from its own end of the connection that the answer is lost.
            Log.AnswerLost(logger, method, peer, e);
        }
    }

    private sealed class Running(int bytes)
    {
        public CancellationTokenSource Cancellation { get; } = new();

        public int Bytes { get; } = bytes;

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
