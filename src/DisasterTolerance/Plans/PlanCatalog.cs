using DisasterTolerance.Catalog;
using DisasterTolerance.Scheduling;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Reads plans and their machines. Thread-safe.</summary>
internal sealed class PlanCatalog(SiteContext site)
{
    private const int PageSize = 1000;

    /// <summary>A plan that is not deleted.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>.</exception>
    public async ValueTask<PlanRow> GetAsync(Guid plan, CancellationToken cancellationToken) =>
        await site.Catalog.FindPlanAsync(plan, cancellationToken).ConfigureAwait(false) is { Deleted: null } found
            ? found
            : throw new DisasterToleranceException(ErrorCode.NotFound, $"Plan {plan} is not known at site '{site.Name}', or it was deleted. Check the uuid with the plan list.");

    /// <summary>All machines of a plan in the order they were added.</summary>
    public async ValueTask<IReadOnlyList<MachineRow>> ListMachinesAsync(Guid plan, CancellationToken cancellationToken, bool includeRemoved = false)
    {
        List<MachineRow> machines = [];
        while (true)
        {
            var query = new MachineQuery { Plan = plan, IncludeRemoved = includeRemoved, Skip = machines.Count, Take = PageSize };
            var page = await site.Catalog.QueryMachinesAsync(query, cancellationToken).ConfigureAwait(false);
            machines.AddRange(page.Items);
            if (page.Items.Count < PageSize)
            {
                machines.Reverse();
                return machines;
            }
        }
    }

    public async ValueTask<PlanView> ViewAsync(PlanRow plan, CancellationToken cancellationToken) =>
        View(plan, await ListMachinesAsync(plan.Uuid, cancellationToken).ConfigureAwait(false));

    /// <summary>The views of plans in the order of the list, each as it was at one instant, deleted ones included.</summary>
    public async ValueTask<IReadOnlyList<PlanView>> ViewAsync(IReadOnlyList<Guid> plans, CancellationToken cancellationToken)
    {
        var found = await site.Catalog.FindPlansWithMachinesAsync(plans, cancellationToken).ConfigureAwait(false);
        return [.. found.Select(one => View(one.Plan, [.. one.Machines.Reverse()]))];
    }

    /// <summary>A machine as it is shown. Only the owner keeps a next run; elsewhere it follows from the last run that the owner told of.</summary>
    public MachineRow Shown(PlanRow plan, MachineRow machine) =>
        machine.Ownership.Owner == site.Uuid || machine.Conflict is not null ? machine : machine with { NextRun = ScheduleRules.Reanchored(plan, machine, site.Now) };

    /// <summary>Other live plans' rows by every uuid of the given ones that their machines have.</summary>
    public async ValueTask<IReadOnlyDictionary<Guid, PlanRow>> FindElsewhereAsync(Guid plan, IEnumerable<Guid> uuids, CancellationToken cancellationToken)
    {
        var found = new Dictionary<Guid, PlanRow>();
        foreach (var uuid in uuids.Distinct())
        {
            foreach (var machine in await site.Catalog.FindMachinesByAnyUuidAsync(uuid, cancellationToken).ConfigureAwait(false))
            {
                if (machine.Removed is null && machine.Plan != plan
                    && await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false) is { Deleted: null } other)
                {
                    found[uuid] = other;
                }
            }
        }

        return found;
    }

    private PlanView View(PlanRow plan, IReadOnlyList<MachineRow> machines)
    {
        var warnings = PlanRules.Warnings(plan, machines, site.Media);
        return new PlanView(plan, [.. machines.Select(machine => Shown(plan, machine))], [.. warnings.Select(warning => warning.Message)]);
    }
}
