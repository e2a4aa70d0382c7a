using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Links;

/// <summary>Tells a peer which of the things that both share have changed. Thread-safe.</summary>
internal sealed class FactsTeller(SiteContext site)
{
    public async ValueTask TellAsync(IPeerLink link, FactsNews news, CancellationToken cancellationToken)
    {
        var plans = new Dictionary<Guid, PlanRow?>();
        List<PlanStamp> planStamps = [];
        foreach (var uuid in news.Plans)
        {
            if (await FindSharedAsync(plans, uuid, link.Peer, cancellationToken).ConfigureAwait(false) is { } plan)
            {
                planStamps.Add(PlanStamp.Of(plan));
            }
        }

        List<MachineStamp> machines = [];
        foreach (var uuid in news.Machines)
        {
            if (await site.Catalog.FindMachineAsync(uuid, cancellationToken).ConfigureAwait(false) is { } machine
                && await FindSharedAsync(plans, machine.Plan, link.Peer, cancellationToken).ConfigureAwait(false) is not null)
            {
                machines.Add(new MachineStamp(uuid, machine.FactsVersion));
            }
        }

        var changed = news.Links.ToHashSet();
        List<LinkRow> links = changed.Count == 0
            ? []
            : [.. (await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false)).Where(row => changed.Contains(row.Uuid) && LinkRules.Joins(row, site.Uuid, link.Peer))];
        if (planStamps.Count + machines.Count + links.Count > 0)
        {
            await link.CallAsync(FactsMethods.Changed, new FactsChanged(site.CatalogState.Id, links, planStamps, machines), cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<PlanRow?> FindSharedAsync(Dictionary<Guid, PlanRow?> read, Guid plan, Guid peer, CancellationToken cancellationToken)
    {
        if (!read.TryGetValue(plan, out var row))
        {
            row = await site.Catalog.FindPlanAsync(plan, cancellationToken).ConfigureAwait(false);
            row = row is not null && site.PeerOf(row) == peer ? row : null;
            read.Add(plan, row);
        }

        return row;
    }
}
