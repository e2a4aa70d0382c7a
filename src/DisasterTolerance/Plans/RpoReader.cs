using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Finds out whether a machine's RPO is met: by the newest usable point of the branch in the store of the site that does not own it. Thread-safe.</summary>
internal sealed class RpoReader(SiteContext site)
{
    private const int PageSize = 32;

    public async ValueTask<RpoState> ReadAsync(PlanRow plan, MachineRow machine, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var peer = site.PeerOf(plan);
        var ownsIt = machine.Ownership.Owner == site.Uuid;
        var newest = await FindNewestAsync(machine, ownsIt ? peer : site.Uuid, cancellationToken).ConfigureAwait(false);
        var known = !ownsIt || machine.PeerCatalog != Guid.Empty;
        var skew = ownsIt || !site.IsReady ? null : site.Links.Find(peer)?.State.ClockSkew;
        var since = machine.Created > plan.Created ? machine.Created : plan.Created;
        return RpoRules.Evaluate(plan.Rpo, since, known, newest?.Began, now + (skew ?? TimeSpan.Zero));
    }

    // Newest first by the catalog's order, so the first page nearly always has it.
    private async ValueTask<PointRow?> FindNewestAsync(MachineRow machine, Guid store, CancellationToken cancellationToken)
    {
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryPointsAsync(new PointQuery { Machine = machine.Uuid, Site = store, Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            var newest = page.Items.FirstOrDefault(point => BranchRules.IsUsable(point) && BranchRules.IsOnBranch(point, machine.Forks));
            if (newest is not null || page.Items.Count < PageSize)
            {
                return newest;
            }
        }
    }
}
