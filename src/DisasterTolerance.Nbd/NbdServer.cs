using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DisasterTolerance.Nbd.Protocol;
using DisasterTolerance.Nbd.Server;
using DisasterTolerance.Nbd.Wire;

namespace DisasterTolerance.Nbd;

/// <summary>Serves exports by name until it is disposed. All members may be called from several threads at once.</summary>
public sealed class NbdServer : IAsyncDisposable
{
    private readonly NbdServerOptions _options;
    private readonly Socket _listener;
    private readonly ExportTable _exports = new();
    private readonly ConcurrentDictionary<Task, bool> _connections = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;
    private int _open;
    private int _isDisposed;

    private NbdServer(NbdServerOptions options, Socket listener)
    {
        (_options, _listener) = (options, listener);
        EndPoint = listener.LocalEndPoint ?? options.Listen;
        _accepting = AcceptAllAsync();
    }

    /// <summary>Where the server listens, with the port that was chosen if 0 was asked for.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Begins to listen.</summary>
    /// <param name="options">Where and how.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="NbdException">The address cannot be used, or is TCP without TLS.</exception>
    public static NbdServer Start(NbdServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.AssertValid();
        var isUnix = options.Listen is UnixDomainSocketEndPoint;
        var listener = new Socket(options.Listen.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        try
        {
            listener.Bind(options.Listen);
            if (isUnix && !OperatingSystem.IsWindows())
            {
                // Nobody can connect before the call of Listen, so there is no moment at which others could.
                File.SetUnixFileMode($"{options.Listen}", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            listener.Listen();
            return new(options, listener);
        }
        catch (Exception cause) when (cause is SocketException or IOException or UnauthorizedAccessException)
        {
            listener.Dispose();
            throw new NbdException(ErrorCode.AddressUnusable, NbdError.None, $"The NBD server cannot listen on {options.Listen}. Choose another address, or end what uses it.", false, cause);
        }
    }

    /// <summary>Serves an export under a name from now on.</summary>
    /// <param name="name">At most 4,096 bytes of UTF-8, without NUL. Empty for the default export.</param>
    /// <param name="export">What to serve. The caller keeps it alive until the server is disposed.</param>
    /// <exception cref="ArgumentException">The name is too long or has a NUL in it, or the export's length, block sizes or contexts are not valid.</exception>
    /// <exception cref="NbdException">There is an export of that name (<see cref="ErrorCode.AlreadyExists"/>).</exception>
    public void AddExport(string name, INbdExport export)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(export);
        if (Encoding.UTF8.GetByteCount(name) > Limits.StringBytes || name.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(export.Description) > Limits.StringBytes)
        {
            throw new ArgumentException($"A name and a description have at most {Limits.StringBytes} bytes, and a name no NUL.", nameof(name));
        }

        if (!ExportTable.SizesOf(export).IsValid || export.Length < 0 || export.Length % export.BlockSizes.Minimum != 0)
        {
            throw new ArgumentException($"The export '{name}' of {export.Length} bytes has the block sizes {export.BlockSizes}, which are not valid or do not fit.", nameof(export));
        }

        if (!ContextTable.IsValid(export))
        {
            throw new ArgumentException($"A metadata context of the export '{name}' has no namespace, that of the protocol itself, the name of another one, or is too long, or there are too many.", nameof(export));
        }

        if (!_exports.TryAdd(name, export))
        {
            throw new NbdException(ErrorCode.AlreadyExists, NbdError.None, $"The NBD server has an export '{name}' already. Remove it first.");
        }
    }

    /// <summary>Offers an export no longer. Connections that use it go on.</summary>
    /// <param name="name">The name.</param>
    /// <returns>False if there was none.</returns>
    public bool RemoveExport(string name) => _exports.Remove(name) is not null;

    /// <summary>Offers an export no longer, ends the connections that use it, and returns when it is not used any more. Requests in flight get no answer.</summary>
    /// <param name="name">The name.</param>
    /// <returns>False if there was none; then nothing is ended, also not what <see cref="RemoveExport"/> let go on.</returns>
    public async ValueTask<bool> EndExportAsync(string name)
    {
        if (_exports.Remove(name) is not { } served)
        {
            return false;
        }

        await served.EndAsync().ConfigureAwait(false);
        return true;
    }

    /// <summary>Ends all connections and returns when no export is used any more. Requests in flight get no answer.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            await _ending.CancelAsync().ConfigureAwait(false);
        }

        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(_connections.Keys).ConfigureAwait(false);
    }

    private async Task AcceptAllAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_ending.Token).ConfigureAwait(false);
                if (Volatile.Read(ref _open) >= _options.MaxConnections)
                {
                    socket.Dispose();
                    _options.Failed?.Invoke(null, new NbdException(ErrorCode.Unavailable, NbdError.None, $"A connection was refused: there are {_options.MaxConnections} already.", true));
                    continue;
                }

                Interlocked.Increment(ref _open);
                var serving = ServeAsync(socket);
                _connections[serving] = true;
                _ = ForgetAsync(serving);
            }
            catch (Exception cause) when (_ending.IsCancellationRequested && cause is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
            catch (SocketException cause)
            {
                // One connection failed before it was there, or descriptors ran out; the pause keeps this from spinning.
                _options.Failed?.Invoke(null, cause);
                await Task.Delay(TimeSpan.FromMilliseconds(100), _options.Time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ForgetAsync(Task serving)
    {
        await serving.ConfigureAwait(false);
        _connections.TryRemove(serving, out _);
    }

    private async Task ServeAsync(Socket socket)
    {
        string? name = null;
        WireConnection? wire = null;
        ServedExport? served = null;
        try
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            if (socket.ProtocolType == ProtocolType.Tcp)
            {
                socket.NoDelay = true;
            }

            wire = new WireConnection(socket, _options.Time);
            var session = await NegotiateAsync(wire).ConfigureAwait(false);
            name = session?.Name;
            served = session?.Served;
            if (session is not null && session.Served.TryEnter())
            {
                await TransmitAsync(wire, session).ConfigureAwait(false);
            }
        }
        catch (Exception cause)
        {
            // A client that goes without a word, or a server or export that is told to end, is nothing to report.
            if (cause is not EndOfStreamException && !_ending.IsCancellationRequested && served?.Ending.IsCancellationRequested != true)
            {
                _options.Failed?.Invoke(name, cause);
            }
        }
        finally
        {
            socket.Dispose();
            if (wire is not null)
            {
                await wire.DisposeAsync().ConfigureAwait(false);
            }

            Interlocked.Decrement(ref _open);
        }
    }

    private async Task TransmitAsync(WireConnection wire, Session session)
    {
        try
        {
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, session.Served.Ending);
            await new ServerTransmission(wire, session, _options).RunAsync(linked.Token).ConfigureAwait(false);
        }
        finally
        {
            session.Served.Leave();
        }
    }

    private async Task<Session?> NegotiateAsync(WireConnection wire)
    {
        using var timeout = new CancellationTokenSource(_options.NegotiationTimeout, _options.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _ending.Token);
        return await new ServerNegotiation(wire, _exports, _options.Tls).RunAsync(linked.Token).ConfigureAwait(false);
    }
}
