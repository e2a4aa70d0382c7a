using System.Threading.Channels;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Testing.Links;

/// <summary>The transport of one end of a <see cref="SimulatedLink"/>.</summary>
internal sealed class SimulatedTransport(SimulatedLink link, SimulatedSite site) : ILinkTransport
{
    private SimulatedListener? _listener;

    public SimulatedSite Site => site;

    public SimulatedListener? Listener => Volatile.Read(ref _listener);

    public ValueTask<ILinkConnection> ConnectAsync(PeerAddress peer, CancellationToken cancellationToken) => link.ConnectAsync(this, peer, cancellationToken);

    public ValueTask<ILinkListener> ListenAsync(CancellationToken cancellationToken)
    {
        var listener = new SimulatedListener(this);
        return Interlocked.CompareExchange(ref _listener, listener, null) is null
            ? ValueTask.FromResult<ILinkListener>(listener)
            : throw new DisasterToleranceException(ErrorCode.AddressUnusable, $"Cannot listen at the simulated site {site.Uuid}: it listens already. Stop the other listener.");
    }

    public void Forget(SimulatedListener listener) => Interlocked.CompareExchange(ref _listener, null, listener);
}

/// <summary>Gives out the connections that the other end dialled.</summary>
internal sealed class SimulatedListener(SimulatedTransport transport) : ILinkListener
{
    private readonly Channel<ILinkConnection> _ready = Channel.CreateUnbounded<ILinkConnection>();

    public string LocalAddress => $"simulated:{transport.Site.Uuid}";

    public bool TryGive(ILinkConnection connection) => _ready.Writer.TryWrite(connection);

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

    public ValueTask DisposeAsync()
    {
        transport.Forget(this);
        _ready.Writer.TryComplete();
        while (_ready.Reader.TryRead(out var connection))
        {
            connection.Abort("The listener was closed.");
        }

        return ValueTask.CompletedTask;
    }
}
