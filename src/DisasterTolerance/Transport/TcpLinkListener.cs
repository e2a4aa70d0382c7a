using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using DisasterTolerance.Links;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Transport;

/// <summary>Accepts TCP connections, runs the TLS handshakes at the same time and lets only authenticated ones out.</summary>
internal sealed class TcpLinkListener : ILinkListener, IRefusalSource
{
    private static readonly TimeSpan PauseAfterAcceptError = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly TlsHandshake _tls;
    private readonly Func<string, bool> _accepts;
    private readonly LinkOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly LogBudget _budget;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<ILinkConnection> _ready = Channel.CreateBounded<ILinkConnection>(16);
    private readonly SemaphoreSlim _unauthenticated;
    private readonly Task _loop;

    public TcpLinkListener(Socket socket, TlsHandshake tls, Func<string, bool> accepts, LinkOptions options, TimeProvider time, ILogger logger)
    {
        _socket = socket;
        _tls = tls;
        _accepts = accepts;
        _options = options;
        _time = time;
        _logger = logger;
        _budget = new LogBudget(time);
        _unauthenticated = new SemaphoreSlim(options.MaxUnauthenticatedConnections);
        LocalAddress = socket.LocalEndPoint!.ToString()!;
        _loop = Task.Run(AcceptLoopAsync);
    }

    public event Action<string>? KeyRefused;

    public string LocalAddress { get; }

    public async ValueTask<ILinkConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _ready.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException e)
        {
            throw new OperationCanceledException("The listener was closed.", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        _socket.Dispose();
        await _loop.ConfigureAwait(false);

        // Every handshake holds a slot, so all slots back means no handshake left.
        for (var i = 0; i < _options.MaxUnauthenticatedConnections; i++)
        {
            await _unauthenticated.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        }

        _ready.Writer.TryComplete();
        while (_ready.Reader.TryRead(out var connection))
        {
            connection.Abort("The site is stopping.");
            await connection.DisposeAsync().ConfigureAwait(false);
        }

        _unauthenticated.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptLoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _socket.AcceptAsync(_stop.Token).ConfigureAwait(false);
                if (_unauthenticated.Wait(0))
                {
                    _ = HandshakeAsync(socket);
                }
                else
                {
                    Refused(socket.RemoteEndPoint, "Too many connections wait for their handshake.");
                    socket.Close(0);
                }
            }
            catch (Exception e) when (_stop.IsCancellationRequested && e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
            catch (SocketException e)
            {
                // Out of descriptors, or the dialler was quicker to leave than we to accept. Neither may end the listener.
                Log.AcceptFailed(_logger, LocalAddress, e);
                await Task.Delay(PauseAfterAcceptError, _time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task HandshakeAsync(Socket socket)
    {
        EndPoint? remote = null;
        try
        {
            remote = socket.RemoteEndPoint;
            using var deadline = new CancellationTokenSource(_options.HandshakeTimeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, _stop.Token);
            socket.NoDelay = true;
            var metered = new MeteredStream(new NetworkStream(socket, ownsSocket: false));
            var gathering = new GatheringStream(metered, ArrayPool<byte>.Shared);
            var (stream, key) = await _tls.AsListenerAsync(gathering, _accepts, either.Token).ConfigureAwait(false);
            var connection = new TcpLinkConnection(socket, metered, gathering, stream, key, _time);
            try
            {
                await _ready.Writer.WriteAsync(connection, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                connection.Abort("The site did not take the connection in time.");
                await connection.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            socket.Close(0);
        }
        catch (OperationCanceledException)
        {
            Refused(remote, $"The handshake took longer than {_options.HandshakeTimeout}.");
            socket.Close(0);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.PeerKeyMismatch)
        {
            Refused(remote, e.Message);
            socket.Close(0);
            KeyRefused?.Invoke($"{remote} dialled and was refused. {e.Message}");
        }
        catch (Exception e)
        {
            // Whatever a stranger's bytes cause in the TLS library ends this connection and nothing else.
            Refused(remote, e.Message);
            socket.Close(0);
        }
        finally
        {
            _unauthenticated.Release();
        }
    }

    private void Refused(EndPoint? remote, string why)
    {
        LinkMeter.HandshakesFailed.Add(1);
        if (_budget.TryTake(out var suppressed))
        {
            Log.HandshakeFailed(_logger, remote?.ToString() ?? "unknown", why, suppressed);
        }
    }
}
