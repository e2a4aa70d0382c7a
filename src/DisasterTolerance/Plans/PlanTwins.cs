using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>Finds machines that two live plans protect, because the sites did not know of each other's plan, and switches the newer plan off. Thread-safe; the caller holds the gate over memberships.</summary>
internal sealed class PlanTwins(SiteContext site, PlanCatalog plans, PlanWriter writer, AuditLog audit)
{
    /// <summary>Looks at all machines of a plan.</summary>
    public async ValueTask DisableNewerAsync(PlanRow plan, CancellationToken cancellationToken)
    {
        if (plan.Deleted is not null)
        {
            return;
        }

        var machines = await plans.ListMachinesAsync(plan.Uuid, cancellationToken).ConfigureAwait(false);
        var uuids = machines.SelectMany(machine => (Guid[])[machine.MasterUuid, machine.SlaveUuid]);
        foreach (var (uuid, other) in await plans.FindElsewhereAsync(plan.Uuid, uuids, cancellationToken).ConfigureAwait(false))
        {
            var newer = PlanAuthority.Newer(plan, other);
            var older = newer.Uuid == plan.Uuid ? other : plan;
            await DisableAsync(newer.Uuid, $"machine {uuid} is protected by {MachineNames.Of(older)} too. Take it out of one of the two plans, then switch this one on.", cancellationToken).ConfigureAwait(false);
        }
    }

    // Written without the other plan's own gate: a concurrent edit of it makes this commit fail, and the plan is read again.
    private async ValueTask DisableAsync(Guid plan, string because, CancellationToken cancellationToken)
    {
        const int attempts = 10;
        for (var attempt = 1; ; attempt++)
        {
            var before = await site.Catalog.FindPlanAsync(plan, cancellationToken).ConfigureAwait(false);
            if (before is null or { Deleted: not null } or { Enabled: false, DisabledBecause.Length: > 0 })
            {
                return;
            }

            var after = before with { Enabled = false, DisabledBecause = because, Revision = before.Revision + 1, Modified = PlanMerging.NextModified(before, site.Now) };
            try
            {
                await writer.WriteAsync(
                    new PlanChange { Before = before, After = after, Audit = [audit.Entry($"site@{site.Name}", "plan.disable", plan.ToString(), because)] }, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (DisasterToleranceException e) when (e.Code == ErrorCode.CatalogConflict && attempt < attempts)
            {
            }
        }
    }
}
