using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using DisasterTolerance.Nbd;
using DisasterTolerance.Sites;
using DisasterTolerance.Storage;
using DisasterTolerance.Store.Local;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Exports;

/// <summary>Serves disks by NBD on the site's unix socket, and over TCP with TLS if the options say so. Begins to listen with the first disk. Thread-safe.</summary>
internal sealed class ExportHost(ExportOptions options, ExportPlaces places, SiteContext site) : ISitePart, IAsyncDisposable
{
    // A host may start hundreds of machines from here, each with several disks and a connection per disk.
    private const int MaxConnections = 4096;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly ILogger _log = site.Logs.CreateLogger<ExportHost>();
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<string, Action<Exception>?> _failed = new(StringComparer.Ordinal);
    private NbdServer? _local;
    private NbdServer? _remote;
    private bool _isOver;

    public ExportPlaces Places => places;

    /// <summary>Removes what a killed process left behind. A socket that somebody answers on is left alone.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Directory.Exists(places.PrivateOverlays))
        {
            DeleteOverlay(places.PrivateOverlays);
        }

        await RemoveStaleAsync(cancellationToken).ConfigureAwait(false);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _isOver = true;
            await EndAsync(_remote).ConfigureAwait(false);
            await EndAsync(_local).ConfigureAwait(false);
            (_local, _remote) = (null, null);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(CancellationToken.None).ConfigureAwait(false);

    /// <summary>Serves a disk until the result is disposed, under a name that is made up if none is given.</summary>
    /// <param name="export">The disk; stays the caller's, who keeps it alive until the result is disposed.</param>
    /// <param name="name">A name to be the same after a restart, so that clients that connect again find it. URI-safe characters.</param>
    /// <param name="failed">Is told why a request failed, from any thread.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DisasterToleranceException">The socket cannot be used; the name is served already; the site is stopping.</exception>
    public async ValueTask<ServedDisk> ServeAsync(INbdExport export, string? name, Action<Exception>? failed, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_isOver)
            {
                throw new DisasterToleranceException(ErrorCode.Unavailable, $"Site '{site.Name}' is stopping and serves no disk any more.", isTransient: true);
            }

            await ListenAsync(cancellationToken).ConfigureAwait(false);
            name ??= site.Ids.NewId().ToString("n");
            _local!.AddExport(name, export);
            _remote?.AddExport(name, export);
            _failed[name] = failed;
            return new ServedDisk(name, LocalUri(name), _remote is null ? null : RemoteUri(name, _remote.EndPoint), () => EndAsync(name));
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Deletes an overlay that nobody has open.</summary>
    /// <exception cref="StorageException">It could not be deleted.</exception>
    public static void DeleteOverlay(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Gone is gone.
            return;
        }
        catch (Exception cause) when (LocalErrors.IsFileError(cause))
        {
            throw LocalErrors.Translate(cause, null, directory);
        }
    }

    private async ValueTask EndAsync(string name)
    {
        foreach (var server in new[] { _local, _remote })
        {
            if (server is not null)
            {
                await server.EndExportAsync(name).ConfigureAwait(false);
            }
        }

        _failed.TryRemove(name, out _);
    }

    private static ValueTask EndAsync(NbdServer? server) => server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async ValueTask ListenAsync(CancellationToken cancellationToken)
    {
        if (_local is not null)
        {
            return;
        }

        places.Demand();
        MakeDirectory();
        await RemoveStaleAsync(cancellationToken).ConfigureAwait(false);
        _local = NbdServer.Start(new() { Listen = new UnixDomainSocketEndPoint(places.Socket), Failed = Report, Time = site.Clock, MaxConnections = MaxConnections });
        try
        {
            _remote = options.Listen is null ? null : NbdServer.Start(new() { Listen = options.Listen, Tls = options.Tls, Failed = Report, Time = site.Clock, MaxConnections = MaxConnections });
        }
        catch
        {
            await _local.DisposeAsync().ConfigureAwait(false);
            _local = null;
            throw;
        }

        Log.Listening(_log, places.Socket, $"{_remote?.EndPoint}");
    }

    // One that is there may be meant for more than this; the socket itself is its owner's only anyway.
    private void MakeDirectory() => Try(() =>
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(places.SocketDirectory);
        }
        else
        {
            Directory.CreateDirectory(places.SocketDirectory, OwnerOnly);
        }
    });

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception cause) when (LocalErrors.IsFileError(cause))
        {
            throw LocalErrors.Translate(cause, null, places.SocketDirectory);
        }
    }

    private async ValueTask RemoveStaleAsync(CancellationToken cancellationToken)
    {
        if (_local is not null || !File.Exists(places.Socket))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await probe.ConnectAsync(new UnixDomainSocketEndPoint(places.Socket), cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            Try(() => File.Delete(places.Socket));
            Log.StaleSocketRemoved(_log, places.Socket);
            return;
        }
        catch (SocketException cause)
        {
            throw Unusable($"cannot be used: {cause.Message}", cause);
        }

        throw Unusable("is served by another process. Stop that process", null);
    }

    private DisasterToleranceException Unusable(string why, Exception? cause) =>
        new(ErrorCode.AddressUnusable, $"The NBD socket {places.Socket} of site '{site.Name}' {why}, or give this site another Exports:SocketDirectory.", innerException: cause);

    private Uri LocalUri(string name) => new($"nbd+unix:///{Uri.EscapeDataString(name)}?socket={Uri.EscapeDataString(places.Socket).Replace("%2F", "/", StringComparison.Ordinal)}");

    private Uri RemoteUri(string name, EndPoint endPoint)
    {
        var listening = (IPEndPoint)endPoint;
        var host = options.PublicHost.Length > 0 ? options.PublicHost
            : listening.Address.Equals(IPAddress.Any) || listening.Address.Equals(IPAddress.IPv6Any) ? Dns.GetHostName()
            : listening.Address.ToString();
        return new UriBuilder("nbds", host, listening.Port, Uri.EscapeDataString(name)).Uri;
    }

    private void Report(string? name, Exception cause)
    {
        Log.ExportFailed(_log, name ?? "", cause);
        if (name is not null && _failed.TryGetValue(name, out var failed))
        {
            failed?.Invoke(cause);
        }
    }
}

/// <summary>A disk that is served until this is disposed: then its connections are closed and it is not used any more.</summary>
/// <param name="Name">The export's name.</param>
/// <param name="Uri">Where it is on this machine: <c>nbd+unix:///NAME?socket=PATH</c>.</param>
/// <param name="RemoteUri">Where it is over TLS: <c>nbds://HOST:PORT/NAME</c>; null if it is not.</param>
/// <param name="End">Ends it.</param>
internal sealed record ServedDisk(string Name, Uri Uri, Uri? RemoteUri, Func<ValueTask> End) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => End();
}
