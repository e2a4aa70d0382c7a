using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Plans;

/// <summary>Takes plans as a peer has them, where the peer's copy holds. Thread-safe.</summary>
internal sealed class PlanMirror(
    SiteContext site, FactsClient client, PlanGates gates, PlanCatalog plans, PlanWriter writer, PlanTwins twins, AuditLog audit, PlanLimits limits)
{
    private const int PlansPerPeer = 10_000;
    private const int Attempts = 5;
    private const string InNewerPlan = "it belongs to a newer plan";

    private readonly ILogger _log = site.Logs.CreateLogger<PlanMirror>();

    /// <summary>Fetches a plan and stores it if the peer's copy holds.</summary>
    /// <returns>Machines that this site did not know.</returns>
    public async ValueTask<IReadOnlyList<Guid>> PullAsync(IPeerLink link, Guid plan, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var (added, left) = await TryPullAsync(link, plan, leftFirst: attempt < Attempts, cancellationToken).ConfigureAwait(false);
            if (left is not { } other)
            {
                return added;
            }

            await TryPullAsync(link, other, leftFirst: false, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Machines that this site did not know; or a plan that has to be fetched first.</returns>
    private async ValueTask<(IReadOnlyList<Guid> Added, Guid? Left)> TryPullAsync(IPeerLink link, Guid plan, bool leftFirst, CancellationToken cancellationToken)
    {
        if (await client.FindPlanAsync(link, plan, cancellationToken).ConfigureAwait(false) is not { } theirs)
        {
            return ([], null);
        }

        if (FactsRules.Check(theirs, plan, site.Uuid, link.Peer, limits) is { } fault)
        {
            Log.PlanRefused(_log, plan, link.PeerName, fault);
            return ([], null);
        }

        using var gate = await gates.EnterMembershipAsync(plan, cancellationToken).ConfigureAwait(false);
        if (leftFirst && await FindLeftAsync(theirs, cancellationToken).ConfigureAwait(false) is { } left)
        {
            return ([], left);
        }

        var own = await site.Catalog.FindPlanAsync(plan, cancellationToken).ConfigureAwait(false);
        if (await RefuseAsync(own, theirs.Plan, link.Peer, cancellationToken).ConfigureAwait(false) is { } reason)
        {
            Log.PlanRefused(_log, plan, link.PeerName, reason);
            return ([], null);
        }

        // A plan that was deleted long ago is not brought back to be forgotten again.
        var forgotten = own is null && theirs.Plan.Deleted + site.Retention.GracePeriod <= site.Now;
        if (forgotten || (own is not null && PlanAuthority.Decide(own, theirs.Plan, site.Uuid) != PlanPrecedence.Peer)
            || await ChangeAsync(own, theirs, link.Peer, cancellationToken).ConfigureAwait(false) is not { } change)
        {
            return ([], null);
        }

        var stored = await writer.WriteAsync(change, cancellationToken).ConfigureAwait(false);
        await twins.DisableNewerAsync(stored, cancellationToken).ConfigureAwait(false);
        return ([.. change.New.Select(machine => machine.Uuid)], null);
    }

    // A machine that comes from another plan left that one first: seen in the other order, that plan would be shown without it.
    private async ValueTask<Guid?> FindLeftAsync(PlanContent theirs, CancellationToken cancellationToken)
    {
        foreach (var machine in theirs.Plan.Deleted is null ? theirs.Machines.Where(machine => machine.Removed is null) : [])
        {
            if (await site.Catalog.FindMachineAsync(machine.Uuid, cancellationToken).ConfigureAwait(false) is { Removed: null } known && known.Plan != theirs.Plan.Uuid && known.Created < machine.Created
                && await site.Catalog.FindPlanAsync(known.Plan, cancellationToken).ConfigureAwait(false) is { Deleted: null })
            {
                return known.Plan;
            }
        }

        return null;
    }

    private async ValueTask<string?> RefuseAsync(PlanRow? own, PlanRow theirs, Guid peer, CancellationToken cancellationToken)
    {
        if (own is not null)
        {
            return own.Master != theirs.Master || own.Slave != theirs.Slave || own.Type != theirs.Type ? "its sites and its type cannot change" : null;
        }

        var count = await site.Catalog.QueryPlansAsync(new PlanQuery { AnySite = peer, IncludeDeleted = true, Take = 0 }, cancellationToken).ConfigureAwait(false);
        return count.TotalCount >= PlansPerPeer ? $"there are {PlansPerPeer} plans with that site already" : null;
    }

    /// <summary>What is to be stored; null if the peer has changed the plan since it told of it, which it tells next.</summary>
    private async ValueTask<PlanChange?> ChangeAsync(PlanRow? own, PlanContent theirs, Guid peer, CancellationToken cancellationToken)
    {
        var after = theirs.Plan with { Created = own?.Created ?? theirs.Plan.Created };
        var now = site.Now;
        List<MachineRow> added = [];
        Dictionary<Guid, Func<MachineRow, MachineRow>> changes = [];
        HashSet<Guid> listed = [];
        foreach (var machine in theirs.Machines.Where(machine => listed.Add(machine.Uuid)))
        {
            var known = await site.Catalog.FindMachineAsync(machine.Uuid, cancellationToken).ConfigureAwait(false);
            if (known is null)
            {
                var row = machine.ToRow(after.Uuid, now);
                added.Add(row with { NextRun = writer.NextRun(after, row, now) });
            }
            else if (await RefuseAsync(known, machine, after, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                if (reason == InNewerPlan && machine.Removed is null && after.Deleted is null)
                {
                    // It has left this plan already: with it the plan would be shown without a machine that it never lacked.
                    return null;
                }

                Log.MachineRefused(_log, machine.Uuid, site.NameOf(peer), reason);
            }
            else if (Merge(known, machine, after, now) != known)
            {
                changes[machine.Uuid] = row => Merge(row, machine, after, now);
            }
        }

        foreach (var left in own is null ? [] : await plans.ListMachinesAsync(own.Uuid, cancellationToken).ConfigureAwait(false))
        {
            if (!listed.Contains(left.Uuid))
            {
                changes[left.Uuid] = row => row with { Removed = now, NextRun = null };
            }
        }

        var detail = own is null ? "new here" : $"revision {own.RevisionEpoch}.{own.Revision} gave way to {after.RevisionEpoch}.{after.Revision}";
        var entry = audit.Entry($"site@{site.NameOf(peer)}", after.Deleted is null ? "plan.mirror" : "plan.delete", after.Uuid.ToString(), $"{detail}; {theirs.Machines.Count} machines");
        return new PlanChange { Before = own, After = after, New = added, Changes = changes, Audit = [entry], Tell = false };
    }

    /// <summary>A machine may come back, or go over to a newer plan between the same sites; its uuids never change, and its owner is not the plan's matter.</summary>
    private async ValueTask<string?> RefuseAsync(MachineRow known, MachineIdentity theirs, PlanRow plan, CancellationToken cancellationToken)
    {
        if (known.MasterUuid != theirs.MasterUuid || known.SlaveUuid != theirs.SlaveUuid)
        {
            return "its uuids cannot change";
        }

        if (known.Plan == plan.Uuid)
        {
            return null;
        }

        var before = await site.Catalog.FindPlanAsync(known.Plan, cancellationToken).ConfigureAwait(false);
        return before is not null && (before.Master != plan.Master || before.Slave != plan.Slave) ? "it belongs to a plan of other sites"
            : theirs.Created <= known.Created ? InNewerPlan
            : null;
    }

    private MachineRow Merge(MachineRow row, MachineIdentity theirs, PlanRow plan, DateTimeOffset now)
    {
        var merged = theirs.ApplyTo(row) with { Plan = plan.Uuid };
        if (plan.Deleted is not null || theirs.Removed is not null)
        {
            return merged with { Removed = row.Removed ?? theirs.Removed ?? now, NextRun = null };
        }

        return row.Removed is null && row.Plan == plan.Uuid
            ? merged
            : merged with
            {
                Created = theirs.Created,
                Removed = null,
                NextRun = writer.NextRun(plan, merged with { Created = theirs.Created, Removed = null, LastRunStarted = null }, now),
            };
    }
}
