using System.Text.Json;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Links;

/// <summary>The link to one peer: the current control session, the open data channels, one bucket for all of them.</summary>
internal sealed class PeerLink : IPeerLink, IAsyncDisposable
{
    private readonly PeerOptions _peer;
    private readonly PeerAddress _address;
    private readonly LinkContext _context;
    private readonly PeerStatus _status;
    private readonly LinkRateLimiter _limiter;
    private readonly TrafficLedger _traffic = new();
    private readonly Lock _lock = new();
    private readonly HashSet<DataChannel> _channels = [];
    private ControlSession? _session;
    private Hello? _sessionHello;
    private int _served;
    private bool _stopped;

    public PeerLink(PeerOptions peer, LinkContext context)
    {
        _peer = peer;
        _context = context;
        _address = new PeerAddress(peer.Uuid, peer.Endpoint, peer.PinnedKeys());
        Hosts = PeerHosts.Of(peer);
        _limiter = new LinkRateLimiter(LinkRateLimiter.Unlimited, context.Time);
        _status = new PeerStatus(peer, DialsControl ? "Not dialled yet." : $"Waiting for peer '{peer.Name}' to dial. If it does not come, look at its link list.", context.Time, context.Logger);
        _status.Changed += state => StateChanged?.Invoke(this, WithMeasurements(state));
    }

    public event Action<IPeerLink, PeerState>? StateChanged;

    public Guid Peer => _peer.Uuid;

    public string PeerName => _peer.Name;

    public PeerState State => WithMeasurements(_status.Current);

    /// <summary>The configuration of the peer.</summary>
    public PeerOptions Options => _peer;

    /// <summary>Whether this side dials the control connection.</summary>
    public bool DialsControl => Handshake.DialsControl(_context.Card.Site, _peer.Uuid);

    public IReadOnlyList<string> Hosts { get; }

    public void SetLimit(long bytesPerSecond) => _limiter.SetLimit(bytesPerSecond);

    public async ValueTask<TResponse> CallAsync<TRequest, TResponse>(
        ControlMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
    {
        var session = Volatile.Read(ref _session) ?? throw LinkErrors.Unreachable(PeerName, _status.Current.Reason);
        var body = JsonSerializer.SerializeToUtf8Bytes(request, method.Request);
        if (body.Length > LinkLimits.ControlBodyBytes)
        {
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"The request of '{method.Name}' has {body.Length} bytes where at most {LinkLimits.ControlBodyBytes} are allowed. Send less at once.");
        }

        var answer = await session.CallAsync(method.Name, body, method.Timeout ?? _context.Options.CallTimeout, cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(answer, method.Response) ?? throw LinkErrors.Violation($"The answer to '{method.Name}' is empty.");
        }
        catch (JsonException e)
        {
            throw new DisasterToleranceException(
                ErrorCode.ProtocolViolation, $"The answer of peer '{PeerName}' to '{method.Name}' cannot be read: {e.Message} Bring both sites to the same release.", innerException: e);
        }
    }

    public async ValueTask<IDataChannel> OpenDataAsync(Guid session, CancellationToken cancellationToken)
    {
        var frames = await ConnectAsync(_address, cancellationToken).ConfigureAwait(false);
        try
        {
            var welcome = await GreetAsync(frames, HelloCodec.DataRole, session, cancellationToken).ConfigureAwait(false);
            return Register(frames, welcome.MaxVersion);
        }
        catch
        {
            await ReleaseAsync(frames).ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask ProbeAsync(string host, CancellationToken cancellationToken)
    {
        var frames = await ConnectAsync(_address with { Endpoint = PeerHosts.AtPortOf(_peer, host) }, cancellationToken).ConfigureAwait(false);
        try
        {
            await GreetAsync(frames, HelloCodec.CheckRole, null, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ReleaseAsync(frames).ConfigureAwait(false);
        }
    }

    /// <summary>Dials the control connection for as long as the site lives.</summary>
    public async Task DialAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var begin = _context.Time.GetTimestamp();
            try
            {
                await DialOnceAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever goes wrong, dialling goes on: the next attempt may find the network repaired.
                _status.Down(e switch
                {
                    PeerRefusedException refused => new LinkClosing(refused.PeerCode, refused.Message),
                    DisasterToleranceException known => new LinkClosing(known.Code, known.Message),
                    _ => new LinkClosing(ErrorCode.PeerUnreachable, e.Message),
                });
            }

            // A link that comes up only to fall at once must not be dialled in a tight loop.
            failures = _context.Time.GetElapsedTime(begin) > _context.Options.ReconnectMaxDelay ? 1 : failures + 1;
            try
            {
                await Task.Delay(NextDelay(failures), _context.Time, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Takes a connection into this link's bucket and books.</summary>
    public FrameStream Adopt(ILinkConnection connection)
    {
        connection.OutputThrottle = _limiter;
        _traffic.Add(connection);
        return new FrameStream(connection, _context.Options, _context.Time);
    }

    /// <summary>Closes a connection that was adopted but came to nothing.</summary>
    public async ValueTask ReleaseAsync(FrameStream frames)
    {
        await frames.DisposeAsync().ConfigureAwait(false);
        _traffic.Remove(frames.Connection);
    }

    /// <summary>Whether an accepted control connection is newer than the current one. Only a late one of the same process of the peer is not.</summary>
    public bool IsNewer(Hello hello)
    {
        lock (_lock)
        {
            return _sessionHello is not { } current || current.Incarnation != hello.Incarnation || hello.Sequence > current.Sequence;
        }
    }

    /// <summary>Runs a control connection after its handshake until it ends; it replaces the one before.</summary>
    public async Task RunControlAsync(FrameStream frames, Hello remote, int version)
    {
        var session = new ControlSession(Peer, frames, _context.Dispatcher, _context.Options, _context.Time, _context.Logger);
        ControlSession? old;
        bool isStopped;
        lock (_lock)
        {
            old = _session;
            isStopped = _stopped;
            if (!isStopped)
            {
                _session = session;
                _sessionHello = remote;
                _status.Up(remote, version);
            }
        }

        old?.Close(new LinkClosing(ErrorCode.LinkLost, "A newer connection replaced this one."));
        if (isStopped)
        {
            await ReleaseAsync(frames).ConfigureAwait(false);
            return;
        }

        var closing = await session.RunAsync(_context.Tracker).ConfigureAwait(false);
        _traffic.Remove(frames.Connection);
        lock (_lock)
        {
            if (ReferenceEquals(_session, session))
            {
                _session = null;
                _sessionHello = null;
                _status.Down(closing);
            }
        }
    }

    /// <summary>Serves a data connection after its handshake until it ends.</summary>
    public async Task ServeDataAsync(FrameStream frames, int version, Guid session, IDataHandler handler, CancellationToken cancellationToken)
    {
        var channel = Register(frames, version);
        await using (channel.ConfigureAwait(false))
        {
            try
            {
                await handler.HandleAsync(Peer, session, channel, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                Log.DataFailed(_context.Logger, session, Peer, e);
                await RefuseAsync(channel, e).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes one of the places for data connections that the peer opens; null if all are taken.</summary>
    public IDisposable? TryTakePlace()
    {
        if (Interlocked.Increment(ref _served) <= LinkLimits.DataConnections)
        {
            return new Place(this);
        }

        Interlocked.Decrement(ref _served);
        return null;
    }

    /// <summary>Notes why a connection of this peer was refused.</summary>
    public void NoteRefusal(DisasterToleranceException why) => _status.Refused(new LinkClosing(why.Code, why.Message));

    /// <summary>Notes that somebody with an unknown key was refused while this link waits for its peer to dial.</summary>
    public void NoteStranger(string what) => _status.Refused(new LinkClosing(
        ErrorCode.PeerKeyMismatch, $"Waiting for peer '{PeerName}' to dial. {what} If that was the peer, compare the key with the one that its host prints, and put it into the peer's configuration here."));

    /// <summary>Says goodbye and closes everything. Nothing new is taken afterwards.</summary>
    public async ValueTask DisposeAsync()
    {
        ControlSession? session;
        DataChannel[] channels;
        lock (_lock)
        {
            _stopped = true;
            session = _session;
            channels = [.. _channels];
        }

        foreach (var channel in channels)
        {
            channel.Close(new LinkClosing(ErrorCode.Cancelled, "This site is stopping."));
        }

        if (session is not null)
        {
            await session.SayGoodbyeAsync("This site is stopping.").ConfigureAwait(false);
        }

        _limiter.Dispose();
    }

    private static async Task RefuseAsync(DataChannel channel, Exception error)
    {
        try
        {
            await channel.RefuseAsync(error).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.LinkLost)
        {
            // The peer sees the end of the connection instead of the reason, which is logged here already.
            channel.Close(new LinkClosing(e.Code, e.Message));
        }
    }

    private async Task DialOnceAsync(CancellationToken cancellationToken)
    {
        var frames = await ConnectAsync(_address, cancellationToken).ConfigureAwait(false);
        Hello welcome;
        try
        {
            welcome = await GreetAsync(frames, HelloCodec.ControlRole, null, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await ReleaseAsync(frames).ConfigureAwait(false);
            throw;
        }

        await RunControlAsync(frames, welcome, welcome.MaxVersion).ConfigureAwait(false);
    }

    private async Task<FrameStream> ConnectAsync(PeerAddress address, CancellationToken cancellationToken) =>
        Adopt(await _context.Transport.ConnectAsync(address, cancellationToken).ConfigureAwait(false));

    private Task<Hello> GreetAsync(FrameStream frames, string role, Guid? session, CancellationToken cancellationToken) =>
        Handshake.DialAsync(frames, _context.Card.ToDial(role, session), _peer, _context.Options, _context.Time, cancellationToken);

    private DataChannel Register(FrameStream frames, int version)
    {
        var channel = new DataChannel(Peer, version, frames, _context.Options, _context.Time, Forget);
        lock (_lock)
        {
            _channels.Add(channel);
            if (_stopped)
            {
                channel.Close(new LinkClosing(ErrorCode.Cancelled, "This site is stopping."));
            }
        }

        return channel;

        void Forget(DataChannel closed)
        {
            _traffic.Remove(frames.Connection);
            lock (_lock)
            {
                _channels.Remove(closed);
            }
        }
    }

    private TimeSpan NextDelay(int failures)
    {
        double jitter;
        lock (_context.Jitter)
        {
            jitter = _context.Jitter.NextDouble();
        }

        return Backoff.Delay(failures, _context.Options.ReconnectMinDelay, _context.Options.ReconnectMaxDelay, jitter);
    }

    private PeerState WithMeasurements(PeerState state)
    {
        var clock = Volatile.Read(ref _session)?.Clock.Best;
        var (sent, received) = _traffic.Totals();
        return state with { ClockSkew = clock?.Skew, RoundTrip = clock?.RoundTrip, BytesSent = sent, BytesReceived = received };
    }

    private sealed class Place(PeerLink link) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref link._served);
    }
}
