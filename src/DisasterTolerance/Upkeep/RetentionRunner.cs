using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Upkeep;

/// <summary>Carries out <see cref="RetentionPlan"/>: reads what is known, lets the rules decide, marks points as removed. The sweep frees their records later.</summary>
internal sealed class RetentionRunner(SiteContext site, MachineDirectory machines, PointDirectory points) : IRetentionRunner
{
    private readonly ILogger _log = site.Logs.CreateLogger<RetentionRunner>();

    public async ValueTask<int> ApplyAsync(Guid machine, CancellationToken cancellationToken)
    {
        if (site.Certainty.IsUnsure)
        {
            return 0;
        }

        using var gate = await site.Gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        var row = await machines.GetAsync(machine, cancellationToken).ConfigureAwait(false);
        var plan = await site.Catalog.FindPlanAsync(row.Plan, cancellationToken).ConfigureAwait(false);
        var own = await points.ListAsync(machine, site.Uuid, cancellationToken, includeRemoved: true).ConfigureAwait(false);
        var present = own.Where(p => p.Removed is null).ToList();
        var verdict = RetentionPlan.Compute(await DescribeAsync(row, plan, present, cancellationToken).ConfigureAwait(false));
        if (verdict.Paused is { } paused)
        {
            Log.Paused(_log, row.Name, paused);
        }

        await RemoveAsync(row, present, verdict.Remove, cancellationToken).ConfigureAwait(false);
        await ForgetAsync(own, cancellationToken).ConfigureAwait(false);
        return verdict.Remove.Count;
    }

    private async ValueTask<RetentionInput> DescribeAsync(MachineRow row, PlanRow? plan, IReadOnlyList<PointRow> present, CancellationToken cancellationToken)
    {
        var peer = plan is null ? (Guid?)null : site.PeerOf(plan);
        var held = peer is { } store ? await points.ListAsync(row.Uuid, store, cancellationToken).ConfigureAwait(false) : [];
        var sessions = await site.Catalog.ListSessionsAsync(cancellationToken).ConfigureAwait(false);
        var inUse = sessions.Where(s => s.Machine == row.Uuid && s.Base is not null && s.Expires > site.Now).Select(s => s.Base!.Value).ToHashSet();
        if (row.Takeover is { } takeover)
        {
            // What an undo goes back to.
            inUse.Add(takeover.Point);
        }

        if (row.Boot is { Stage: not BootStage.Leaving } boot)
        {
            // The machine runs from it.
            inUse.Add(boot.Point);
        }

        if (row.Pending?.Point is { } pending)
        {
            inUse.Add(pending);
        }

        inUse.UnionWith(site.PointsInUse.List());
        return new RetentionInput
        {
            Points = present,
            Forks = row.Forks,
            Policy = plan is null || plan.Deleted is not null || row.Removed is not null ? null : plan.Retention,
            Floor = site.Retention,
            Now = site.Now,
            Skew = peer is { } other ? site.Links.Find(other)?.State.ClockSkew : null,
            NewestCommon = BranchRules.NewestCommon(present, held, row.Forks)?.Uuid,
            InUse = inUse,
            ConflictOpen = row.Conflict is not null,
        };
    }

    private async ValueTask RemoveAsync(MachineRow row, List<PointRow> present, IReadOnlyList<RetentionVerdict> verdicts, CancellationToken cancellationToken)
    {
        if (verdicts.Count == 0)
        {
            return;
        }

        var now = site.Now;
        await machines.UpdateAsync(
            row.Uuid,
            old => old with { Own = old.Own with { Count = present.Count - verdicts.Count, Learnt = now } },
            cancellationToken,
            also: (changed, batch) =>
            {
                foreach (var verdict in verdicts)
                {
                    batch.Add(new CatalogChange.PutPoint(verdict.Point with { Removed = now, FactsVersion = changed.FactsVersion }));
                }
            }).ConfigureAwait(false);
        foreach (var verdict in verdicts)
        {
            Log.Removed(_log, verdict.Point.Name, row.Name, verdict.Because);
        }
    }

    private async ValueTask ForgetAsync(IReadOnlyList<PointRow> own, CancellationToken cancellationToken)
    {
        var batch = new CatalogBatch();
        foreach (var point in own.Where(p => p.Removed is { } removed && removed + site.Options.TombstoneLife < site.Now))
        {
            batch.Add(new CatalogChange.DeletePoint(point.Uuid, site.Uuid));
        }

        await site.Catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
    }
}
