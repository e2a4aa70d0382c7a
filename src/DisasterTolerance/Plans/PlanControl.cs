using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>
/// Answers requests about plans that a peer passes on. The peer must be the other site of the plan; the request is done here or refused, never passed on again. Who asked is written down with the
/// name of the peer as this site knows it.
/// </summary>
internal sealed class PlanControl(SiteContext site, PlanEditor editor, MachineDirectory machines, ForwardPolicy policy) : IControlPart
{
    public void Map(ControlDispatcher dispatcher)
    {
        dispatcher.Map(PlanMethods.Add, AddAsync);
        dispatcher.Map(PlanMethods.Edit, EditAsync);
        dispatcher.Map(PlanMethods.Delete, DeleteAsync);
        dispatcher.Map(PlanMethods.Pause, PauseAsync);
    }

    private async ValueTask<Done> AddAsync(Guid peer, PlanSpecification request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Plans);
        if (request.Master != site.Uuid || request.Slave != peer)
        {
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"Site '{site.NameOf(peer)}' may only add plans to site '{site.Name}' in which it is the slave and this site the master. Correct the plan's two sites.");
        }

        DemandNoHoles(request.Machines);
        var view = await editor.AddAsync(request with { Actor = site.ActorOf(request.Actor, peer) }, cancellationToken).ConfigureAwait(false);
        return new Done(view.Plan.Uuid);
    }

    private async ValueTask<Done> EditAsync(Guid peer, ForwardedEdit request, CancellationToken cancellationToken)
    {
        await DemandPartyAsync(peer, request.Plan, cancellationToken).ConfigureAwait(false);
        DemandNoHoles(request.Edit.Machines ?? []);
        await editor.EditAsync(request.Plan, request.Edit with { Actor = site.ActorOf(request.Edit.Actor, peer) }, cancellationToken).ConfigureAwait(false);
        return new Done(request.Plan);
    }

    private async ValueTask<Done> DeleteAsync(Guid peer, ForwardedDelete request, CancellationToken cancellationToken)
    {
        await DemandPartyAsync(peer, request.Plan, cancellationToken).ConfigureAwait(false);
        await editor.DeleteAsync(request.Plan, site.ActorOf(request.Actor, peer), cancellationToken).ConfigureAwait(false);
        return new Done(request.Plan);
    }

    private async ValueTask<Done> PauseAsync(Guid peer, ForwardedPause request, CancellationToken cancellationToken)
    {
        var (row, plan) = await machines.FindAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        await DemandPartyAsync(peer, plan.Uuid, cancellationToken).ConfigureAwait(false);
        await editor.SetPausedAsync(row.Uuid, request.Paused, site.ActorOf(request.Actor, peer), cancellationToken).ConfigureAwait(false);
        return new Done(row.Uuid);
    }

    private async ValueTask DemandPartyAsync(Guid peer, Guid plan, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Plans);

        // The same answer for a plan of others as for none: a peer learns nothing of them.
        if (await site.Catalog.FindPlanAsync(plan, cancellationToken).ConfigureAwait(false) is not { } row || site.PeerOf(row) != peer)
        {
            throw new DisasterToleranceException(ErrorCode.NotFound, $"Site '{site.Name}' has no plan {plan} together with site '{site.NameOf(peer)}'. Check the uuid with the plan list.");
        }
    }

    // Annotations keep nulls out of members, but not out of lists.
    private static void DemandNoHoles(IReadOnlyList<MachineSpecification?> machines)
    {
        if (machines.Contains(null))
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, "The list of machines has an empty entry: leave it out.");
        }
    }
}
