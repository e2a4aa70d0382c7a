using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Reads what is known. Thread-safe.</summary>
internal sealed class StateReader(SiteContext site, PlanCatalog plans, RpoReader rpo) : IStateReader
{
    private const int LargestPage = 1000;
    private const int LargestAudit = 10_000;

    public SiteView Site
    {
        get
        {
            var because = site.Certainty.Because;
            return new SiteView(site.Uuid, site.Name, site.IsReady, because.Length > 0, because);
        }
    }

    public async ValueTask<CatalogPage<MachineView>> ListMachinesAsync(MachineQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var page = await site.Catalog.QueryMachinesAsync(query with { Take = Math.Min(query.Take, LargestPage) }, cancellationToken).ConfigureAwait(false);
        var known = new Dictionary<Guid, PlanRow?>();
        List<(MachineRow, PlanRow)> found = [];
        foreach (var machine in page.Items)
        {
            if (!known.TryGetValue(machine.Plan, out var plan))
            {
                known[machine.Plan] = plan = await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false);
            }

            // Without its plan, which was forgotten, nothing can be said of a machine.
            if (plan is not null)
            {
                found.Add((machine, plan));
            }
        }

        return new CatalogPage<MachineView>(await ViewAsync(found, cancellationToken).ConfigureAwait(false), page.TotalCount);
    }

    public async ValueTask<MachineView?> FindMachineAsync(Guid machine, CancellationToken cancellationToken = default)
    {
        var found = await site.Catalog.FindMachinesByAnyUuidAsync(machine, cancellationToken).ConfigureAwait(false);
        var row = found.OrderBy(candidate => candidate.Removed.HasValue).ThenByDescending(candidate => candidate.Created).FirstOrDefault();
        var plan = row is null ? null : await site.Catalog.FindPlanAsync(row.Plan, cancellationToken).ConfigureAwait(false);
        return row is null || plan is null ? null : (await ViewAsync([(row, plan)], cancellationToken).ConfigureAwait(false))[0];
    }

    public ValueTask<CatalogPage<PointRow>> ListPointsAsync(PointQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return site.Catalog.QueryPointsAsync(query with { Take = Math.Min(query.Take, LargestPage) }, cancellationToken);
    }

    public ValueTask<IReadOnlyList<RunRow>> ListRunsAsync(Guid machine, int limit, CancellationToken cancellationToken = default) =>
        site.Catalog.ListRunsAsync(machine, Math.Clamp(limit, 1, LargestPage), cancellationToken);

    public ValueTask<IReadOnlyList<AuditEntry>> ReadAuditAsync(long after, int limit, CancellationToken cancellationToken = default) =>
        site.Catalog.ReadAuditAsync(after, Math.Clamp(limit, 1, LargestAudit), cancellationToken);

    private async ValueTask<IReadOnlyList<MachineView>> ViewAsync(IReadOnlyList<(MachineRow Machine, PlanRow Plan)> machines, CancellationToken cancellationToken)
    {
        var links = await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false);
        var states = await rpo.ReadAsync(machines, site.Now, cancellationToken).ConfigureAwait(false);
        return [.. machines.Select(found => View(found.Machine, found.Plan, states[found.Machine.Uuid], links))];
    }

    private MachineView View(MachineRow machine, PlanRow plan, RpoState state, IReadOnlyList<LinkRow> links)
    {
        var peer = site.PeerOf(plan);
        var linked = LinkRules.Holding(links, site.Uuid, peer) is not null && site.IsReady;
        return new MachineView(plans.Shown(plan, machine), plan, state, linked ? site.Links.Find(peer)?.State.IsUp : null, site.Progress.Find(machine.Uuid));
    }
}
