using System.Buffers;
using System.Text;
using DisasterTolerance.Framing;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>
/// One control connection after its handshake: heartbeats, our requests and the peer's. Runs once; owns the frames.
/// <code>
///   RunAsync ──▶ ReceiveAsync ──┬─▶ Heartbeat ─▶ echo          ends on: peer's end, Goodbye, Refuse, bad frame, silence, Close
///      │                        ├─▶ Request ──▶ RequestServer
///      └──▶ BeatAsync           └─▶ Response, Failure ──▶ PendingCalls
/// </code>
/// </summary>
internal sealed class ControlSession
{
    private static readonly TimeSpan GoodbyeTime = TimeSpan.FromSeconds(1);

    private readonly Guid _peer;
    private readonly FrameStream _frames;
    private readonly LinkOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly PendingCalls _calls = new();
    private readonly RequestServer _server;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ControlSession(Guid peer, FrameStream frames, ControlDispatcher dispatcher, LinkOptions options, TimeProvider time, ILogger logger)
    {
        _peer = peer;
        _frames = frames;
        _options = options;
        _time = time;
        _logger = logger;
        _server = new RequestServer(peer, frames, dispatcher, logger);
        Clock = new ClockProbe(time);
    }

    /// <summary>What the heartbeats measured.</summary>
    public ClockProbe Clock { get; }

    /// <summary>Closes the connection at once.</summary>
    public void Close(LinkClosing closing) => _frames.Close(closing);

    /// <summary>Serves the connection until it ends, and says why it ended. Never throws.</summary>
    /// <param name="tracker">Keeps the handlers that are slow to end.</param>
    public async Task<LinkClosing> RunAsync(TaskTracker tracker)
    {
        using var stop = new CancellationTokenSource();
        var beats = BeatAsync(stop.Token);
        LinkClosing closing;
        try
        {
            closing = await ReceiveAsync().ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            closing = _frames.Closing ?? new LinkClosing(e.Code, e.Message);
        }
        catch (Exception e)
        {
            Log.SessionFailed(_logger, _peer, e);
            closing = new LinkClosing(ErrorCode.LinkLost, e.Message);
        }

        _frames.Close(closing);
        _ended.TrySetResult();
        await stop.CancelAsync().ConfigureAwait(false);
        _calls.End(LinkErrors.Lost(closing.Reason));
        tracker.Add(_server.EndAsync());
        await beats.ConfigureAwait(false);
        await _frames.DisposeAsync().ConfigureAwait(false);
        return closing;
    }

    /// <summary>Sends a request and waits for its answer.</summary>
    /// <exception cref="PeerRefusedException">The peer answered with an error.</exception>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.LinkLost"/>, <see cref="ErrorCode.Stalled"/>.</exception>
    public async Task<byte[]> CallAsync(string method, byte[] body, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var (stream, answer) = _calls.Add();
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            byte[] name = [(byte)method.Length, .. Encoding.ASCII.GetBytes(method)];
            var sending = _frames.WriteAsync(FrameType.Request, stream, name, body).AsTask();
            if (await Task.WhenAny(sending, answer).WaitAsync(either.Token).ConfigureAwait(false) == sending)
            {
                await sending.ConfigureAwait(false);
            }

            return await answer.WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_calls.Abandon(stream))
        {
            _ = TellAsync(FrameType.Cancel, stream, default);
            cancellationToken.ThrowIfCancellationRequested();
            throw new DisasterToleranceException(
                ErrorCode.Stalled, $"Peer {_peer} did not answer '{method}' within {timeout.TotalSeconds} s. It was told to stop; try again later.", isTransient: true);
        }
        catch (DisasterToleranceException)
        {
            _calls.Abandon(stream);
            throw;
        }
    }

    /// <summary>Tells the peer that this site stops, then closes the connection.</summary>
    public async Task SayGoodbyeAsync(string reason)
    {
        try
        {
            await TellAsync(FrameType.Goodbye, 0, Encoding.UTF8.GetBytes(reason)).WaitAsync(GoodbyeTime, _time).ConfigureAwait(false);

            // The peer closes when it has read that. Closing here at once could overtake the frame.
            await _ended.Task.WaitAsync(GoodbyeTime, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Log.FrameLost(_logger, FrameType.Goodbye, _peer, "the peer does not answer");
        }

        _frames.Close(new LinkClosing(ErrorCode.Cancelled, reason));
    }

    private async Task<LinkClosing> ReceiveAsync()
    {
        var echo = Task.CompletedTask;
        while (await _frames.ReadAsync(LinkLimits.ControlBodyBytes + LinkLimits.MethodNameBytes + 1, CancellationToken.None).ConfigureAwait(false) is { } frame)
        {
            switch ((FrameType)frame.Type)
            {
                case FrameType.Heartbeat:
                    // One echo at a time: a peer that does not read must not make them gather here.
                    if (echo.IsCompleted)
                    {
                        echo = TellAsync(FrameType.HeartbeatEcho, frame.Stream, Clock.Echo(frame.Body));
                    }

                    break;
                case FrameType.HeartbeatEcho:
                    Clock.Take(frame.Stream, frame.Body);
                    break;
                case FrameType.Request:
                    _server.Start(frame);
                    break;
                case FrameType.Cancel:
                    _server.Cancel(frame.Stream);
                    break;
                case FrameType.Response:
                    _calls.Complete(frame.Stream, frame.Body.ToArray());
                    break;
                case FrameType.Failure:
                    _calls.Fail(frame.Stream, HelloCodec.DecodeError(_peer, frame.Body));
                    break;
                case FrameType.Refuse:
                    var refused = HelloCodec.DecodeError(_peer, frame.Body);
                    return new LinkClosing(refused.PeerCode, refused.Message);
                case FrameType.Goodbye:
                    return new LinkClosing(ErrorCode.PeerUnreachable, "the peer's site is stopping.");
                default:
                    if ((frame.Flags & FrameFlags.Ignorable) == 0)
                    {
                        throw LinkErrors.Violation($"A control connection brought a frame of the unknown type 0x{frame.Type:x2}.");
                    }

                    break;
            }
        }

        return _frames.Closing ?? new LinkClosing(ErrorCode.LinkLost, "the peer closed the connection.");
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.HeartbeatInterval, _time);
        try
        {
            do
            {
                var (stream, body) = Clock.Next();
                await TellAsync(FrameType.Heartbeat, stream, body).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
    }

    // For frames whose loss the receive loop notices anyway.
    private async Task TellAsync(FrameType type, ulong stream, ReadOnlyMemory<byte> body)
    {
        try
        {
            await _frames.WriteAsync(type, stream, body).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.FrameLost(_logger, type, _peer, e.Message);
        }
    }
}
