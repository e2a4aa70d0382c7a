using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>The network as one life of a site's process sees it: its calls pass through the fault plan (<c>Link.Connect</c>, <c>Link.Listen</c>), and its port is free again when it dies.</summary>
internal sealed class LifeTransport(ILinkTransport inner, FaultPlan faults) : ILinkTransport
{
    private ILinkListener? _listener;

    public ValueTask<ILinkConnection> ConnectAsync(PeerAddress peer, CancellationToken cancellationToken) =>
        faults.RunAsync("Link.Connect", peer.Site.ToString(), Error, () => inner.ConnectAsync(peer, cancellationToken), cancellationToken);

    public ValueTask<ILinkListener> ListenAsync(CancellationToken cancellationToken) =>
        faults.RunAsync("Link.Listen", "", Error, async () => _listener = await inner.ListenAsync(cancellationToken), cancellationToken);

    public ValueTask DieAsync() => _listener?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static DisasterToleranceException Error(string message) => new(ErrorCode.PeerUnreachable, message, isTransient: true);
}
