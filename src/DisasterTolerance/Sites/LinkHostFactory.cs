using DisasterTolerance.Links;
using DisasterTolerance.Transport;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sites;

/// <summary>Links over the registered transport.</summary>
internal sealed class LinkHostFactory(SiteContext site, SiteSettings settings, Lazy<ILinkTransport> transport, IDataHandler receiver) : ILinkHostFactory
{
    public ILinkHost Create(ControlDispatcher dispatcher)
    {
        var card = new SiteCard(
            site.Uuid, site.Name, () => new LocalFacts(site.Store.StoreId, site.Store.Generation, site.CatalogState.Id), site.Ids.NewId(), ProtocolVersions.Ours);
        // Jitter only spreads reconnects, so it is seeded from the id source and replays with it.
        var jitter = new Random(site.Ids.NewId().GetHashCode());
        var context = new LinkContext(card, settings.Link, transport.Value, dispatcher, site.Clock, jitter, new TaskTracker(), site.Logs.CreateLogger<LinkHost>());
        return new LinkHost(context, settings.Peers, receiver);
    }
}
