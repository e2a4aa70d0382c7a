using DisasterTolerance.Plans;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Links;

/// <summary>
/// Mirrors what this site and its peers know of each other, so that each is enough alone. Every site pulls what it lacks: everything that differs when a link has come up, and what the peer tells of in
/// between. Nothing is sent while nothing changes. Thread-safe.
/// </summary>
internal sealed class FactsMirror(
    SiteContext site, FactsOutbox outbox, FactsServer server, FactsClient client, FactsTeller teller, LinkManager links, PlanMirror plans, MachineMirror machines,
    ICatalogRepair repair)
    : ISitePart, IControlPart
{
    private readonly Dictionary<Guid, PeerMirror> _peers = [];
    private CancellationTokenSource? _stop;
    private Task _running = Task.CompletedTask;

    public void Map(ControlDispatcher dispatcher)
    {
        dispatcher.Map(FactsMethods.Digest, server.DigestAsync);
        dispatcher.Map(FactsMethods.Plan, server.PlanAsync);
        dispatcher.Map(FactsMethods.Machine, server.MachineAsync);
        dispatcher.Map(FactsMethods.Changed, HearAsync);
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (_stop is not null)
        {
            return Task.CompletedTask;
        }

        var stop = new CancellationTokenSource();
        _stop = stop;
        lock (_peers)
        {
            foreach (var link in site.Links.Peers)
            {
                var meeting = new FactsMeeting(site, client, links, plans, machines);
                _peers[link.Peer] = new PeerMirror(site, link, outbox.Of(link.Peer), meeting, teller, repair);
            }

            _running = Task.WhenAll([.. _peers.Values.Select(peer => Task.Run(() => peer.RunAsync(stop.Token), CancellationToken.None))]);
        }

        // What could not be settled while the site was unsure is settled now.
        site.Certainty.BecameSure += MeetAgain;
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stop is { } stop)
        {
            site.Certainty.BecameSure -= MeetAgain;
            await stop.CancelAsync().ConfigureAwait(false);
            await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            lock (_peers)
            {
                _peers.Clear();
            }

            stop.Dispose();
            _stop = null;
        }
    }

    /// <summary>Meets all peers once more: for whoever settled something that the last meeting could not.</summary>
    public void MeetAgain()
    {
        lock (_peers)
        {
            foreach (var peer in _peers.Values)
            {
                peer.MeetAgain();
            }
        }
    }

    private ValueTask<FactsHeard> HearAsync(Guid peer, FactsChanged news, CancellationToken cancellationToken)
    {
        lock (_peers)
        {
            // Told before this site listens, or after it has stopped: the meeting at the next start hears it.
            _peers.GetValueOrDefault(peer)?.Hear(news);
        }

        return ValueTask.FromResult(new FactsHeard());
    }
}
