using DisasterTolerance.Transport;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>Listens for peers, gives their connections to the links, and starts and stops everything.</summary>
internal sealed class LinkHost : ILinkHost
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PauseAfterAcceptError = TimeSpan.FromMilliseconds(100);

    private readonly LinkContext _context;
    private readonly IDataHandler _dataHandler;
    private readonly PeerLink[] _links;
    private readonly Dictionary<string, PeerLink> _byKey = new(StringComparer.OrdinalIgnoreCase);
    private readonly LogBudget _budget;
    private readonly SemaphoreSlim _greetings;
    private readonly CancellationTokenSource _stop = new();
    private ILinkListener? _listener;
    private int _state;

    /// <summary>Creates the links of a site; nothing is opened before the start.</summary>
    /// <param name="context">What the links share.</param>
    /// <param name="peers">Validated peers.</param>
    /// <param name="dataHandler">Serves the data connections that peers open.</param>
    public LinkHost(LinkContext context, IEnumerable<PeerOptions> peers, IDataHandler dataHandler)
    {
        _context = context;
        _dataHandler = dataHandler;
        _budget = new LogBudget(context.Time);
        _greetings = new SemaphoreSlim(context.Options.MaxUnauthenticatedConnections);
        _links = [.. peers.Select(p => new PeerLink(p, context))];
        foreach (var link in _links)
        {
            foreach (var key in link.Options.PinnedKeys())
            {
                _byKey.Add(key, link);
            }
        }
    }

    public IReadOnlyList<IPeerLink> Peers => _links;

    public string? LocalAddress => _listener?.LocalAddress;

    public IPeerLink? Find(Guid peer) => Array.Find(_links, l => l.Peer == peer);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.CompareExchange(ref _state, 1, 0) != 0)
        {
            throw new InvalidOperationException("A link host starts once.");
        }

        _listener = await _context.Transport.ListenAsync(cancellationToken).ConfigureAwait(false);
        if (_listener is IRefusalSource refusals)
        {
            refusals.KeyRefused += NoteStranger;
        }

        _context.Tracker.Add(Task.Run(() => AcceptAsync(_listener), CancellationToken.None));
        foreach (var link in _links.Where(l => l.DialsControl))
        {
            _context.Tracker.Add(Task.Run(() => link.DialAsync(_stop.Token), CancellationToken.None));
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _state, 2) == 2)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        if (_listener is not null)
        {
            await _listener.DisposeAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(_links.Select(l => l.DisposeAsync().AsTask())).ConfigureAwait(false);
        try
        {
            await _context.Tracker.WhenAllAsync().WaitAsync(StopTime, _context.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Log.StopIncomplete(_context.Logger);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        _stop.Dispose();
    }

    // Nobody knows which peer it was, if any: it is shown where one is waited for.
    private void NoteStranger(string what)
    {
        foreach (var link in _links.Where(link => !link.DialsControl))
        {
            link.NoteStranger(what);
        }
    }

    private async Task AcceptAsync(ILinkListener listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var connection = await listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                _context.Tracker.Add(Task.Run(() => ServeAsync(connection), CancellationToken.None));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                // A site that no longer accepts looks dead to its peers; nothing that one connection does may cause that.
                Log.AcceptFailed(_context.Logger, e);
                await Task.Delay(PauseAfterAcceptError, _context.Time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task ServeAsync(ILinkConnection connection)
    {
        if (!_byKey.TryGetValue(connection.RemoteKey, out var link))
        {
            LinkMeter.HandshakesFailed.Add(1);
            Refused($"The public key {connection.RemoteKey} belongs to no configured peer.");
            connection.Abort("unknown key");
            await connection.DisposeAsync().ConfigureAwait(false);
            return;
        }

        var frames = link.Adopt(connection);
        IDisposable? place = null;
        try
        {
            var (hello, version) = await GreetAsync(link, frames).ConfigureAwait(false);
            if (hello.Role == HelloCodec.DataRole)
            {
                place = link.TryTakePlace() ?? throw Busy("serves too many data connections");
            }
            else if (hello.Role == HelloCodec.ControlRole && !link.IsNewer(hello))
            {
                throw new DisasterToleranceException(ErrorCode.Conflict, "A newer control connection is open already.", isTransient: true);
            }

            await frames.WriteAsync(FrameType.Welcome, 0, HelloCodec.Encode(_context.Card.ToWelcome(hello, version))).ConfigureAwait(false);
            await (hello switch
            {
                { Role: HelloCodec.CheckRole } => link.ReleaseAsync(frames).AsTask(),
                { Session: { } session } when place is not null => link.ServeDataAsync(frames, version, session, _dataHandler, _stop.Token),
                _ => link.RunControlAsync(frames, hello, version),
            }).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Refused($"Peer '{link.PeerName}': {e.Message}");
            link.NoteRefusal(e);
            await RefuseAsync(frames, e).ConfigureAwait(false);
            await link.ReleaseAsync(frames).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            if (!_stop.IsCancellationRequested)
            {
                Log.SessionFailed(_context.Logger, link.Peer, e);
            }

            await link.ReleaseAsync(frames).ConfigureAwait(false);
        }
        finally
        {
            place?.Dispose();
        }
    }

    private async Task<(Hello Hello, int Version)> GreetAsync(PeerLink link, FrameStream frames)
    {
        if (!_greetings.Wait(0, CancellationToken.None))
        {
            throw Busy("has too many connections that have not yet said who they are");
        }

        try
        {
            var hello = await Handshake.ListenAsync(frames, _context.Options, _context.Time, _stop.Token).ConfigureAwait(false);
            return (hello, Handshake.Check(hello, link.Options, _context.Card.Site, _context.Card.Versions));
        }
        finally
        {
            _greetings.Release();
        }
    }

    private static DisasterToleranceException Busy(string what) => new(ErrorCode.Unavailable, $"The site {what}. Try again later.", isTransient: true);

    private async Task RefuseAsync(FrameStream frames, DisasterToleranceException why)
    {
        try
        {
            await frames.WriteAsync(FrameType.Refuse, 0, HelloCodec.EncodeError(why)).AsTask()
                .WaitAsync(_context.Options.HandshakeTimeout, _context.Time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DisasterToleranceException or TimeoutException)
        {
            frames.Close(new LinkClosing(why.Code, why.Message));
        }
    }

    private void Refused(string why)
    {
        if (_budget.TryTake(out var suppressed))
        {
            Log.Refused(_context.Logger, why, suppressed);
        }
    }
}
