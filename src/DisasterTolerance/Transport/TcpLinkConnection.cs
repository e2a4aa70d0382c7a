using System.IO.Pipelines;
using System.Net.Security;
using System.Net.Sockets;

namespace DisasterTolerance.Transport;

/// <summary>A TCP connection with TLS in the form of two pipes. Owns the socket.</summary>
internal sealed class TcpLinkConnection : ILinkConnection
{
    private const int SegmentBytes = 64 * 1024;
    private const int LingerBytes = 16 * 1024;
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly MeteredStream _metered;
    private readonly GatheringStream _gathering;
    private readonly SslStream _tls;
    private readonly TimeProvider _time;
    private int _closed;

    public TcpLinkConnection(Socket socket, MeteredStream metered, GatheringStream gathering, SslStream tls, string remoteKey, TimeProvider time)
    {
        _socket = socket;
        _metered = metered;
        _gathering = gathering;
        _tls = tls;
        _time = time;
        RemoteKey = remoteKey;
        gathering.Begin();
        Input = PipeReader.Create(tls, new StreamPipeReaderOptions(bufferSize: SegmentBytes, minimumReadSize: 4 * 1024, leaveOpen: true));
        Output = PipeWriter.Create(tls, new StreamPipeWriterOptions(minimumBufferSize: SegmentBytes, leaveOpen: true));
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public string RemoteKey { get; }

    public long BytesWritten => _metered.BytesWritten;

    public long BytesRead => _metered.BytesRead;

    public ILinkThrottle? OutputThrottle
    {
        get => _metered.Throttle;
        set => _metered.Throttle = value;
    }

    public void Abort(string reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            _socket.Close(0);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            await LingerAsync().ConfigureAwait(false);
        }

        await _tls.DisposeAsync().ConfigureAwait(false);
        _socket.Dispose();
    }

    // A close with unread bytes resets the connection, and a reset can overtake what the peer has not read yet. So read to the end first, for a while.
    private async Task LingerAsync()
    {
        using var deadline = new CancellationTokenSource(LingerTime, _time);
        try
        {
            await _tls.ShutdownAsync().WaitAsync(deadline.Token).ConfigureAwait(false);
            await _gathering.FlushAsync(deadline.Token).ConfigureAwait(false);
            _socket.Shutdown(SocketShutdown.Send);
            var rest = new byte[LingerBytes];
            while (await _socket.ReceiveAsync(rest, deadline.Token).ConfigureAwait(false) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // The peer is gone or never ends: nothing is lost that could still be saved.
            _socket.Close(0);
        }
    }
}
