using DisasterTolerance.Links;

namespace DisasterTolerance.HttpApi.Mapping;

/// <summary>The names that this site knows sites by. Immutable.</summary>
internal sealed class SiteNames
{
    private readonly Dictionary<Guid, string> _names;

    public SiteNames(SiteView site, IEnumerable<PeerOptions> peers)
    {
        _names = peers.ToDictionary(peer => peer.Uuid, peer => peer.Name);
        _names[site.Uuid] = site.Name;
        ThisSite = site.Uuid;
    }

    /// <summary>The site that answers.</summary>
    public Guid ThisSite { get; }

    /// <summary>Whether a site is configured here.</summary>
    public bool Knows(Guid site) => _names.ContainsKey(site);

    /// <summary>The site's configured name; empty for a site that is not configured any more.</summary>
    public string Of(Guid site) => _names.GetValueOrDefault(site, "");
}
