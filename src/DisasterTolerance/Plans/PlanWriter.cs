using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;
using DisasterTolerance.Scheduling;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Plans;

/// <summary>
/// Writes changes of plans, made here or by the peer. Points that lose their protection get their grace period first, so that no retention run in between can take them; then plan and machines
/// change in one commit; last, the schedule follows (a crash before that is made good at the next start). The caller holds the plan's gate. Thread-safe.
/// </summary>
internal sealed class PlanWriter(SiteContext site, MachineDirectory machines, PointDirectory points, PlanCatalog plans, IFactsPublisher facts, IOwnershipJournal journal)
{
    private const int Attempts = 100;

    /// <returns>The plan as it is stored now.</returns>
    public async ValueTask<PlanRow> WriteAsync(PlanChange change, CancellationToken cancellationToken)
    {
        var present = change.Before is null ? [] : await plans.ListMachinesAsync(change.After.Uuid, cancellationToken).ConfigureAwait(false);
        await GrantGraceAsync(change, present, cancellationToken).ConfigureAwait(false);
        var stored = await CommitAsync(change, present, cancellationToken).ConfigureAwait(false);
        foreach (var machine in change.New)
        {
            // After the commit, unlike a change of owner: an epoch that no catalog ever had would make the site doubt its catalog after a crash in between.
            await journal.WriteAsync(machine.Uuid, machine.Ownership, cancellationToken).ConfigureAwait(false);
        }

        if (change.Before is { } before && (before.Interval != stored.Interval || before.Enabled != stored.Enabled) && stored.Deleted is null)
        {
            foreach (var machine in present)
            {
                await RescheduleAsync(stored, machine.Uuid, cancellationToken).ConfigureAwait(false);
            }
        }

        if (change.Tell)
        {
            facts.PlanChanged(stored.Uuid);
        }

        foreach (var machine in change.New.Select(row => row.Uuid).Concat(change.Changes.Keys))
        {
            facts.MachineChanged(machine);
        }

        site.Events.Publish(SiteEventKind.PlanChanged, Describe(change), plan: stored.Uuid);
        return stored;
    }

    /// <summary>Sets the next run of a machine by the rules: none where this site must not capture it.</summary>
    public async ValueTask RescheduleAsync(PlanRow plan, Guid machine, CancellationToken cancellationToken)
    {
        var now = site.Now;
        await machines.UpdateAsync(machine, row => row with { NextRun = NextRun(plan, row, now) }, cancellationToken, tell: false).ConfigureAwait(false);
    }

    /// <summary>When a machine runs next here: never where this site must not capture it.</summary>
    public DateTimeOffset? NextRun(PlanRow plan, MachineRow machine, DateTimeOffset now) =>
        OwnershipRules.MayCapture(machine, site.Uuid) is null ? ScheduleRules.Reanchored(plan, machine, now) : null;

    private async ValueTask<PlanRow> CommitAsync(PlanChange change, IReadOnlyList<MachineRow> present, CancellationToken cancellationToken)
    {
        var after = change.After with { RowVersion = change.Before?.RowVersion ?? 0 };
        for (var attempt = 1; ; attempt++)
        {
            var batch = new CatalogBatch().Add(new CatalogChange.PutPlan(after));
            foreach (var machine in change.New)
            {
                batch.Add(new CatalogChange.PutMachine(machine));
            }

            var leaving = after.Deleted is null ? [] : present.Select(machine => machine.Uuid);
            foreach (var uuid in change.Changes.Keys.Union(leaving))
            {
                var row = await machines.GetAsync(uuid, cancellationToken).ConfigureAwait(false);
                var changed = change.Changes.TryGetValue(uuid, out var apply) ? apply(row) : row;
                if (after.Deleted is { } deleted && changed.Plan == after.Uuid && changed.Removed is null)
                {
                    changed = changed with { Removed = deleted, NextRun = null };
                }

                batch.Add(new CatalogChange.PutMachine(changed with { FactsVersion = row.FactsVersion + 1 }));
            }

            foreach (var entry in change.Audit)
            {
                batch.Add(entry);
            }

            try
            {
                await site.Catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
                return after with { RowVersion = after.RowVersion + 1 };
            }
            catch (DisasterToleranceException e) when (e.Code == ErrorCode.CatalogConflict && attempt < Attempts)
            {
                // A run has changed a machine meanwhile: read it again. The plan's own row cannot be meant, its gate is held.
            }
        }
    }

    private async ValueTask GrantGraceAsync(PlanChange change, IReadOnlyList<MachineRow> present, CancellationToken cancellationToken)
    {
        if (change.Before is not { } before)
        {
            return;
        }

        foreach (var machine in present)
        {
            var leaves = change.After.Deleted is not null || (change.Changes.TryGetValue(machine.Uuid, out var apply) && apply(machine).Removed is not null);
            if (leaves || before.Retention != change.After.Retention)
            {
                await GrantGraceAsync(
                    machine,
                    own => leaves
                        ? GraceRules.OnRemoval(own, site.Now, site.Retention.GracePeriod)
                        : GraceRules.OnEdit(own, machine.Forks, before.Retention, change.After.Retention, site.Now, site.Retention.GracePeriod),
                    cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Without the machine's gate, which a capture may hold for hours: a row that changes meanwhile is read again.
    private async ValueTask GrantGraceAsync(MachineRow machine, Func<IReadOnlyList<PointRow>, IReadOnlyList<PointRow>> grant, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var own = await points.ListOwnAsync(machine.Uuid, cancellationToken).ConfigureAwait(false);
            var batch = new CatalogBatch();
            foreach (var point in grant(own))
            {
                batch.Add(new CatalogChange.PutPoint(point));
            }

            try
            {
                await site.Catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (DisasterToleranceException e) when (e.Code == ErrorCode.CatalogConflict && attempt < Attempts)
            {
            }
        }
    }

    private static string Describe(PlanChange change) => change switch
    {
        { Before: null } => $"{MachineNames.Of(change.After)} was added.",
        { After.Deleted: not null } => $"{MachineNames.Of(change.After)} was deleted. Its points stay for the grace period.",
        { After.DisabledBecause.Length: > 0 } => $"{MachineNames.Of(change.After)} was switched off: {change.After.DisabledBecause}",
        _ => $"{MachineNames.Of(change.After)} was edited: revision {change.After.Revision}.",
    };
}
