using DisasterTolerance.Transport;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Api.Replay;

/// <summary>Notes which endpoints a site dials. Not thread-safe: a simulated world dials one after the other.</summary>
internal sealed class Dialled
{
    public List<string> Endpoints { get; } = [];

    /// <summary>Puts the notes between a site and its network.</summary>
    public Action<DisasterToleranceBuilder> Watch(Action<DisasterToleranceBuilder>? before) => builder =>
    {
        before?.Invoke(builder);
        var network = builder.Services.Last(service => service.ServiceType == typeof(ILinkTransport)).ImplementationFactory!;
        builder.AddTransport(services => new Watched((ILinkTransport)network(services), Endpoints));
    };

    private sealed class Watched(ILinkTransport inner, List<string> endpoints) : ILinkTransport
    {
        public ValueTask<ILinkConnection> ConnectAsync(PeerAddress peer, CancellationToken cancellationToken)
        {
            endpoints.Add(peer.Endpoint);
            return inner.ConnectAsync(peer, cancellationToken);
        }

        public ValueTask<ILinkListener> ListenAsync(CancellationToken cancellationToken) => inner.ListenAsync(cancellationToken);
    }
}
