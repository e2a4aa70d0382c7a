using System.Collections.Concurrent;
using DisasterTolerance.Plans;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>
/// Hears one peer: plans, then links (whether one is used is known by its plans), then machines; of each only what differs. Machines are taken side by side, each in order, so that one that has to keep its last state first does not hold up the
/// others. Thread-safe.
/// </summary>
internal sealed class FactsMeeting
{
    private readonly SiteContext _site;
    private readonly FactsClient _client;
    private readonly LinkManager _links;
    private readonly PlanMirror _plans;
    private readonly Lanes<Guid> _machines;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<Guid, IPeerLink> _from = new();

    public FactsMeeting(SiteContext site, FactsClient client, LinkManager links, PlanMirror plans, MachineMirror machines)
    {
        (_site, _client, _links, _plans) = (site, client, links, plans);
        _machines = new Lanes<Guid>((machine, token) => machines.PullAsync(_from[machine], machine, token));
        _log = site.Logs.CreateLogger<FactsMeeting>();
    }

    /// <summary>Hears everything that differs.</summary>
    /// <param name="link">The peer.</param>
    /// <param name="cancellationToken">Ends the meeting; machines that are being taken are not given up.</param>
    /// <param name="stop">Ends everything.</param>
    /// <returns>Whether everything was heard.</returns>
    public async Task<bool> MeetAsync(IPeerLink link, CancellationToken cancellationToken, CancellationToken stop)
    {
        var plans = await _client.ListPlansAsync(link, cancellationToken).ConfigureAwait(false);
        List<Task<bool>> taken = [];
        var complete = await HearPlansAsync(link, plans, taken, cancellationToken, stop).ConfigureAwait(false);
        await HearLinksAsync(link, await _client.ListLinksAsync(link, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        var machines = 0;
        foreach (var section in (DigestSection[])[DigestSection.AskerIsMaster, DigestSection.AskerIsSlave])
        {
            var (catalog, stamps) = await _client.ListMachinesAsync(link, section, cancellationToken).ConfigureAwait(false);
            await HearMachinesAsync(link, catalog, stamps, taken, cancellationToken, stop).ConfigureAwait(false);
            machines += stamps.Count;
        }

        var results = await Task.WhenAll(taken).WaitAsync(cancellationToken).ConfigureAwait(false);
        complete &= results.All(succeeded => succeeded);
        if (complete)
        {
            Log.FactsHeard(_log, link.PeerName, plans.Count, machines);
        }

        return complete;
    }

    /// <summary>Hears what the peer tells of. Returns when machines are being taken; <paramref name="failed"/> is called for each that could not be.</summary>
    public async ValueTask HearAsync(IPeerLink link, FactsChanged news, Action failed, CancellationToken stop)
    {
        List<Task<bool>> taken = [];
        var complete = await HearPlansAsync(link, news.Plans, taken, stop, stop).ConfigureAwait(false);
        await HearLinksAsync(link, news.Links, stop).ConfigureAwait(false);
        await HearMachinesAsync(link, news.Catalog, news.Machines, taken, stop, stop).ConfigureAwait(false);
        if (!complete)
        {
            failed();
        }

        foreach (var machine in taken)
        {
            _ = ReportAsync(machine, failed);
        }
    }

    public Task DrainAsync() => _machines.DrainAsync();

    private static async Task ReportAsync(Task<bool> machine, Action failed)
    {
        if (!await machine.ConfigureAwait(false))
        {
            failed();
        }
    }

    private async ValueTask HearLinksAsync(IPeerLink link, IReadOnlyList<Catalog.LinkRow?> rows, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            if (row is null || FactsRules.Check(row, _site.Uuid, link.Peer) is { } fault)
            {
                Log.LinkRefused(_log, row?.Uuid ?? Guid.Empty, link.PeerName, "it is not valid");
            }
            else
            {
                await _links.MirrorAsync(link.Peer, row, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async ValueTask<bool> HearPlansAsync(IPeerLink link, IReadOnlyList<PlanStamp?> stamps, List<Task<bool>> taken, CancellationToken cancellationToken, CancellationToken stop)
    {
        var complete = true;
        foreach (var stamp in stamps.OfType<PlanStamp>())
        {
            var own = await _site.Catalog.FindPlanAsync(stamp.Uuid, cancellationToken).ConfigureAwait(false);
            if (own is not null && (PlanStamp.Of(own) == stamp || (own.RevisionEpoch, own.Revision).CompareTo((stamp.RevisionEpoch, stamp.Revision)) > 0))
            {
                continue;
            }

            try
            {
                foreach (var machine in await _plans.PullAsync(link, stamp.Uuid, cancellationToken).ConfigureAwait(false))
                {
                    taken.Add(TakeAsync(link, machine, stop));
                }
            }
            catch (DisasterToleranceException e)
            {
                Log.PlanPullFailed(_log, stamp.Uuid, link.PeerName, e);
                complete = false;
            }
        }

        return complete;
    }

    // A machine that is still unknown after the plans were heard belongs to none that the two sites share.
    private async ValueTask HearMachinesAsync(
        IPeerLink link, Guid catalog, IReadOnlyList<MachineStamp?> stamps, List<Task<bool>> taken, CancellationToken cancellationToken, CancellationToken stop)
    {
        foreach (var stamp in stamps.OfType<MachineStamp>())
        {
            if (await _site.Catalog.FindMachineAsync(stamp.Uuid, cancellationToken).ConfigureAwait(false) is { } own
                && (own.PeerCatalog != catalog || own.PeerFactsVersion != stamp.FactsVersion))
            {
                taken.Add(TakeAsync(link, stamp.Uuid, stop));
            }
        }
    }

    private Task<bool> TakeAsync(IPeerLink link, Guid machine, CancellationToken stop)
    {
        _from[machine] = link;
        return _machines.RunAsync(machine, stop);
    }
}
