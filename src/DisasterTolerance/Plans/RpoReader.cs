using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Finds out whether machines' RPOs are met: by the newest usable point of the branch in the store of the site that does not own the machine. Thread-safe.</summary>
internal sealed class RpoReader(SiteContext site)
{
    private const int PageSize = 32;

    /// <summary>The states by the machines' uuids. However many machines there are, the catalog is read once for each store, and once more for each machine whose newest point does not count.</summary>
    public async ValueTask<IReadOnlyDictionary<Guid, RpoState>> ReadAsync(IReadOnlyList<(MachineRow Machine, PlanRow Plan)> machines, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var states = new Dictionary<Guid, RpoState>();
        foreach (var store in machines.GroupBy(found => OwnedHere(found.Machine) ? site.PeerOf(found.Plan) : site.Uuid))
        {
            var points = await site.Catalog.FindNewestPointsAsync(store.Key, [.. store.Select(found => found.Machine.Uuid)], cancellationToken).ConfigureAwait(false);
            var newest = points.ToDictionary(point => point.Machine);
            foreach (var (machine, plan) in store)
            {
                var point = newest.GetValueOrDefault(machine.Uuid);
                if (point is not null && !Counts(point, machine))
                {
                    point = await FindNewestAsync(machine, store.Key, cancellationToken).ConfigureAwait(false);
                }

                states[machine.Uuid] = Evaluate(plan, machine, point, now);
            }
        }

        return states;
    }

    private RpoState Evaluate(PlanRow plan, MachineRow machine, PointRow? newest, DateTimeOffset now)
    {
        var ownsIt = OwnedHere(machine);
        var known = !ownsIt || machine.PeerCatalog != Guid.Empty;
        var skew = ownsIt || !site.IsReady ? null : site.Links.Find(site.PeerOf(plan))?.State.ClockSkew;
        var since = machine.Created > plan.Created ? machine.Created : plan.Created;
        return RpoRules.Evaluate(plan.Rpo, since, known, newest?.Began, now + (skew ?? TimeSpan.Zero));
    }

    // Newest first by the catalog's order, so the first page nearly always has it.
    private async ValueTask<PointRow?> FindNewestAsync(MachineRow machine, Guid store, CancellationToken cancellationToken)
    {
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryPointsAsync(new PointQuery { Machine = machine.Uuid, Site = store, Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            var newest = page.Items.FirstOrDefault(point => Counts(point, machine));
            if (newest is not null || page.Items.Count < PageSize)
            {
                return newest;
            }
        }
    }

    private bool OwnedHere(MachineRow machine) => machine.Ownership.Owner == site.Uuid;

    private static bool Counts(PointRow point, MachineRow machine) => BranchRules.IsUsable(point) && BranchRules.IsOnBranch(point, machine.Forks);
}
