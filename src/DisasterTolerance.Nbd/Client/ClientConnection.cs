using System.Buffers;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd.Client;

/// <summary>The transmission phase: one loop sends, one receives, a timer watches that something moves.</summary>
internal sealed class ClientConnection : IAsyncDisposable
{
    // A payload up to this is copied behind its head and travels with it.
    private const int CopiedPayload = 16 << 10;

    private readonly WireConnection _wire;
    private readonly string _server;
    private readonly TimeSpan _progressTimeout;
    private readonly RequestWindow _window;
    private readonly Channel<PendingRequest> _queue = Channel.CreateUnbounded<PendingRequest>(new() { SingleReader = true });
    private readonly ReplyReceiver _receiver;
    private readonly ITimer _watch;
    private readonly Task _sending;
    private readonly Task _receiving;

    public ClientConnection(WireConnection wire, NbdClientOptions options, Agreement agreement)
    {
        (_wire, _server, _progressTimeout) = (wire, $"{options.Server}", options.ProgressTimeout);
        _window = new(options.Window);
        _receiver = new(wire, _window, agreement);
        _sending = RunAsync(SendAllAsync);
        _receiving = RunAsync(_receiver.ReceiveAllAsync);
        var period = TimeSpan.FromTicks(Math.Max(options.ProgressTimeout.Ticks / 4, TimeSpan.TicksPerMillisecond));
        _watch = options.Time.CreateTimer(_ => Watch(), null, period, period);
    }

    public bool IsConnected => _window.Failure is null;

    /// <summary>Sends one request and waits for its answer.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask RequestAsync(Command command, CommandFlags flags, long offset, long length, RequestData data, CancellationToken cancellationToken, List<NbdExtent>? extents = null)
    {
        await _window.WaitAsync(cancellationToken).ConfigureAwait(false);
        var place = Enter(command, flags, offset, length, data, cancellationToken);
        try
        {
            await using (cancellationToken.UnsafeRegister(static state => ((PendingRequest)state!).Cancel(), place).ConfigureAwait(false))
            {
                await place.WaitAsync().ConfigureAwait(false);
            }

            extents?.AddRange(place.Extents);
        }
        finally
        {
            _window.Free(place);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        if (_window.Failure is null && _window.IsEmpty)
        {
            // Nothing is in flight, so the farewell fits into the socket's buffer.
            await Task.WhenAny(_sending, _receiving).ConfigureAwait(false);
        }

        Fail(ClientErrors.Disposed(_server));
        await Task.WhenAll(_sending, _receiving).ConfigureAwait(false);
        await _watch.DisposeAsync().ConfigureAwait(false);
        await _wire.DisposeAsync().ConfigureAwait(false);
    }

    private PendingRequest Enter(Command command, CommandFlags flags, long offset, long length, in RequestData data, CancellationToken cancellationToken)
    {
        var place = _window.Take(out var isFirst);
        place.Prepare(command, flags, offset, length, data, cancellationToken);
        if (isFirst)
        {
            _wire.MarkProgress();
        }

        _window.Open(place);
        if (!_queue.Writer.TryWrite(place))
        {
            _window.End(place, ClientErrors.Disposed(_server));
        }

        return place;
    }

    private async Task RunAsync(Func<Task> loop)
    {
        try
        {
            await loop().ConfigureAwait(false);
        }
        catch (Exception cause)
        {
            // Whatever ends a loop ends the connection, and every request is told why.
            Fail(ClientErrors.Ended(_server, cause));
        }
    }

    private void Fail(DisasterToleranceException reason)
    {
        _window.Fail(reason);
        _queue.Writer.TryComplete();
        _wire.Abort();
    }

    private void Watch()
    {
        if (!_window.IsEmpty && _wire.Idle > _progressTimeout)
        {
            Fail(ClientErrors.Stalled(_server, _progressTimeout));
        }
    }

    private async Task SendAllAsync()
    {
        var queue = _queue.Reader;
        while (await queue.WaitToReadAsync().ConfigureAwait(false))
        {
            while (queue.TryRead(out var place))
            {
                await SendAsync(place).ConfigureAwait(false);
            }

            await _wire.Output.FlushAsync().ConfigureAwait(false);
            _wire.MarkProgress();
        }

        RequestFormat.Write(_wire.Output, new(Command.Disconnect, CommandFlags.None, 0, 0, 0));
        await _wire.Output.FlushAsync().ConfigureAwait(false);
    }

    private async ValueTask SendAsync(PendingRequest place)
    {
        if (!place.TryBeginUse())
        {
            _window.End(place, null);
            return;
        }

        try
        {
            place.MarkOnWire();
            RequestFormat.Write(_wire.Output, place.Request);
            var payload = place.Payload;
            if (payload.Length is > 0 and <= CopiedPayload)
            {
                _wire.Output.Write(payload.Span);
            }
            else if (payload.Length > CopiedPayload)
            {
                await _wire.Output.FlushAsync().ConfigureAwait(false);
                for (var sent = 0; sent < payload.Length; sent += Limits.OptionBytes)
                {
                    await _wire.Stream.WriteAsync(payload.Slice(sent, Math.Min(Limits.OptionBytes, payload.Length - sent))).ConfigureAwait(false);
                    _wire.MarkProgress();
                }
            }
        }
        finally
        {
            place.EndUse();
        }
    }
}
