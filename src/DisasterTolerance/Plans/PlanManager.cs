using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Takes requests about plans, and carries them out here or passes them on to the site that has the say. Thread-safe.</summary>
internal sealed class PlanManager(SiteContext site, PlanEditor editor, PlanCatalog plans, PlanForwarding forwarding, MachineDirectory machines) : IPlanManager
{
    private const int LargestPage = 1000;

    public async ValueTask<PlanView> AddAsync(PlanSpecification specification, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(specification);
        if (specification.Master == site.Uuid || specification.Slave != site.Uuid || !site.Peers.ContainsKey(specification.Master))
        {
            return await editor.AddAsync(specification, cancellationToken).ConfigureAwait(false);
        }

        var plan = await forwarding.AddAsync(specification.Master, specification, cancellationToken).ConfigureAwait(false);
        return await plans.ViewAsync(await plans.GetAsync(plan, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<PlanView> EditAsync(Guid plan, PlanEdit edit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(edit);
        var row = await plans.GetAsync(plan, cancellationToken).ConfigureAwait(false);
        if (forwarding.FindAuthority(row) is not { } authority)
        {
            return await editor.EditAsync(plan, edit, cancellationToken).ConfigureAwait(false);
        }

        await forwarding.EditAsync(authority, plan, edit, cancellationToken).ConfigureAwait(false);
        return await plans.ViewAsync(await plans.GetAsync(plan, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DeleteAsync(Guid plan, string actor, CancellationToken cancellationToken = default)
    {
        var row = await site.Catalog.FindPlanAsync(plan, cancellationToken).ConfigureAwait(false)
            ?? throw new DisasterToleranceException(ErrorCode.NotFound, $"Plan {plan} is not known at site '{site.Name}'. Check the uuid with the plan list.");
        if (row.Deleted is not null)
        {
            return;
        }

        if (forwarding.FindAuthority(row) is { } authority)
        {
            await forwarding.DeleteAsync(authority, plan, actor, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await editor.DeleteAsync(plan, actor, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<PlanView?> FindAsync(Guid plan, CancellationToken cancellationToken = default) =>
        await plans.ViewAsync([plan], cancellationToken).ConfigureAwait(false) is [{ Plan.Deleted: null } view] ? view : null;

    public async ValueTask<CatalogPage<PlanView>> ListAsync(PlanQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var page = await site.Catalog.QueryPlansAsync(query with { Take = Math.Min(query.Take, LargestPage) }, cancellationToken).ConfigureAwait(false);
        var views = await plans.ViewAsync([.. page.Items.Select(plan => plan.Uuid)], cancellationToken).ConfigureAwait(false);

        // A plan may have been deleted between the two reads.
        return new CatalogPage<PlanView>([.. views.Where(view => query.IncludeDeleted || view.Plan.Deleted is null)], page.TotalCount);
    }

    public ValueTask TakeOverAsync(Guid plan, string actor, CancellationToken cancellationToken = default) => editor.TakeOverAsync(plan, actor, cancellationToken);

    public async ValueTask SetPausedAsync(Guid machine, bool paused, string actor, CancellationToken cancellationToken = default)
    {
        var (row, plan) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        if (row.Ownership.Owner == site.Uuid)
        {
            await editor.SetPausedAsync(row.Uuid, paused, actor, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await forwarding.SetPausedAsync(site.PeerOf(plan), row.Uuid, paused, actor, cancellationToken).ConfigureAwait(false);
        }
    }
}
