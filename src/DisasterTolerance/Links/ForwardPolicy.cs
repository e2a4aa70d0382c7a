using DisasterTolerance.Sites;

namespace DisasterTolerance.Links;

/// <summary>Which requests of people this site takes from its peers. Thread-safe.</summary>
internal sealed class ForwardPolicy(SiteContext site, IEnumerable<PeerOptions> peers)
{
    private readonly Dictionary<Guid, ForwardedCalls> _allowed = peers.ToDictionary(peer => peer.Uuid, peer => peer.MayForward);

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.PeerRefused"/> if the peer may not pass on requests of this kind.</exception>
    public void Demand(Guid peer, ForwardedCalls kind)
    {
        if (!_allowed.GetValueOrDefault(peer).HasFlag(kind))
        {
            throw new DisasterToleranceException(
                ErrorCode.PeerRefused,
                $"Site '{site.Name}' takes no requests of the kind {kind} from site '{site.NameOf(peer)}'. Ask site '{site.Name}' itself, or allow the kind there in the peer's MayForward.");
        }
    }
}
