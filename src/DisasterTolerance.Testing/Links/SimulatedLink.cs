using System.IO.Pipelines;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Testing.Links;

/// <summary>
/// A network between two sites, in memory: gives each site an <see cref="ILinkTransport"/> and does to their connections what a bad network does.
/// Faults concern all connections, open and later ones. Thread-safe. Bytes are those of the frames; there is no TLS.
/// </summary>
public sealed class SimulatedLink
{
    private const int BufferBytes = 256 * 1024;

    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly List<SimulatedBreak> _open = [];
    private readonly SimulatedLane _firstToSecond = new();
    private readonly SimulatedLane _secondToFirst = new();
    private readonly SimulatedTransport _first;
    private readonly SimulatedTransport _second;
    private bool _refuses;

    /// <summary>Creates a network that works.</summary>
    /// <param name="first">One site.</param>
    /// <param name="second">The other site.</param>
    /// <param name="timeProvider">Where delays come from.</param>
    public SimulatedLink(SimulatedSite first, SimulatedSite second, TimeProvider timeProvider)
    {
        _time = timeProvider;
        _first = new SimulatedTransport(this, first);
        _second = new SimulatedTransport(this, second);
    }

    /// <summary>The transport of the first site.</summary>
    public ILinkTransport First => _first;

    /// <summary>The transport of the second site.</summary>
    public ILinkTransport Second => _second;

    /// <summary>Whether new connections are refused at once, as by a host whose process is gone. Default false.</summary>
    public bool RefusesConnections
    {
        get
        {
            lock (_lock)
            {
                return _refuses;
            }
        }

        set
        {
            lock (_lock)
            {
                _refuses = value;
            }
        }
    }

    /// <summary>Connections that were opened since the beginning.</summary>
    public int ConnectionsOpened { get; private set; }

    /// <summary>Bytes that went one way since the beginning, over all connections.</summary>
    public long BytesMoved(LinkDirection direction) => Lane(direction).Bytes;

    /// <summary>Breaks all open connections; what was on its way is lost. New ones are possible.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            foreach (var connection in _open)
            {
                connection.Now("The simulated link was cut.");
            }

            _open.Clear();
        }
    }

    /// <summary>
    /// Leaves all open connections half-open: their bytes, both ways, are held back for a time and arrive then, behind what newer connections have carried meanwhile. New connections are not concerned.
    /// </summary>
    /// <param name="time">How long; not negative.</param>
    public void Strand(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        lock (_lock)
        {
            foreach (var connection in _open)
            {
                connection.HeldUntil = _time.GetUtcNow() + time;
            }
        }
    }

    /// <summary>Breaks the connection that carries the given number of further bytes in a direction, right behind them. Happens once.</summary>
    /// <param name="direction">Which bytes count.</param>
    /// <param name="bytes">0 or more.</param>
    public void CutAfter(LinkDirection direction, long bytes) => Lane(direction).CutAfter(bytes);

    /// <summary>Flips one bit of the byte that follows the given number of further bytes in a direction. Happens once.</summary>
    /// <param name="direction">Which bytes count.</param>
    /// <param name="bytes">0 or more.</param>
    public void FlipBitAfter(LinkDirection direction, long bytes) => Lane(direction).FlipAfter(bytes);

    /// <summary>Holds all bytes of a direction back without any error, and lets no new connection through, as a half-open connection does. They go on when it ends.</summary>
    /// <param name="direction">Which bytes.</param>
    /// <param name="isOn">Whether to begin or to end it.</param>
    public void SetBlackHole(LinkDirection direction, bool isOn) => Lane(direction).SetBlackHole(isOn);

    /// <summary>Delays the bytes of a direction. The next ones follow after the delayed ones, so a delay also limits the throughput.</summary>
    /// <param name="direction">Which bytes.</param>
    /// <param name="delay">Zero or more.</param>
    public void SetDelay(LinkDirection direction, TimeSpan delay) => Lane(direction).Delay = delay;

    /// <summary>Ends all faults. Broken connections stay broken.</summary>
    public void Repair()
    {
        RefusesConnections = false;
        _firstToSecond.Repair();
        _secondToFirst.Repair();
    }

    internal async ValueTask<ILinkConnection> ConnectAsync(SimulatedTransport from, PeerAddress peer, CancellationToken cancellationToken)
    {
        var to = ReferenceEquals(from, _first) ? _second : _first;
        await Task.WhenAll(_firstToSecond.Open, _secondToFirst.Open).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (RefusesConnections || to.Listener is not { } listener || peer.Site != to.Site.Uuid)
        {
            throw new DisasterToleranceException(ErrorCode.PeerUnreachable, $"Peer {peer.Site} at {peer.Endpoint} refuses connections.", isTransient: true);
        }

        if (!peer.PinnedKeys.Contains(to.Site.Key, StringComparer.OrdinalIgnoreCase))
        {
            throw new DisasterToleranceException(ErrorCode.PeerKeyMismatch, $"Peer {peer.Site} showed the public key {to.Site.Key}, which is not pinned.");
        }

        var (dialled, accepted) = Open(from, to);
        if (!listener.TryGive(accepted))
        {
            dialled.Abort("The listener was closed.");
            throw new DisasterToleranceException(ErrorCode.PeerUnreachable, $"Peer {peer.Site} at {peer.Endpoint} does not take more connections.", isTransient: true);
        }

        return dialled;
    }

    private (SimulatedConnection Dialled, SimulatedConnection Accepted) Open(SimulatedTransport from, SimulatedTransport to)
    {
        // Continuations on the pool: a test that advances the clock must not run a site's code on its own stack.
        var options = new PipeOptions(pauseWriterThreshold: BufferBytes, resumeWriterThreshold: BufferBytes / 2, useSynchronizationContext: false);
        var connectionBreak = new SimulatedBreak();
        Pipe fromOut = new(options), fromIn = new(options), toOut = new(options), toIn = new(options);
        var dialled = new SimulatedConnection(to.Site.Key, fromOut, fromIn, connectionBreak);
        var accepted = new SimulatedConnection(from.Site.Key, toOut, toIn, connectionBreak);
        var forth = ReferenceEquals(from, _first) ? _firstToSecond : _secondToFirst;
        var back = ReferenceEquals(from, _first) ? _secondToFirst : _firstToSecond;
        lock (_lock)
        {
            _open.RemoveAll(c => c.Token.IsCancellationRequested);
            _open.Add(connectionBreak);
            ConnectionsOpened++;
        }

        _ = new SimulatedPump(dialled, accepted, fromOut.Reader, toIn.Writer, forth, connectionBreak, _time).RunAsync();
        _ = new SimulatedPump(accepted, dialled, toOut.Reader, fromIn.Writer, back, connectionBreak, _time).RunAsync();
        return (dialled, accepted);
    }

    private SimulatedLane Lane(LinkDirection direction) => direction switch
    {
        LinkDirection.FirstToSecond => _firstToSecond,
        LinkDirection.SecondToFirst => _secondToFirst,
        _ => throw new ArgumentOutOfRangeException(nameof(direction), direction, null),
    };
}
