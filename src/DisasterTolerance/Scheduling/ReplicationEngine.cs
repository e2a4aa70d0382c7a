using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Shipping;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using DisasterTolerance.Upkeep;

namespace DisasterTolerance.Scheduling;

/// <summary>The public face of capture, shipping and the store's upkeep. One run per machine at a time; a second caller joins it.</summary>
internal sealed class ReplicationEngine(
    SiteContext site, MachineDirectory machines, RunForwarding runs, IRetentionRunner retention, StoreSweep sweep, StoreVerification verification, AuditLog audit) : IReplicationEngine
{
    public async ValueTask<RunReport> RunAsync(RunRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (row, plan) = await machines.FindAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        return await runs.RunAsync(row, plan, request, cancellationToken).ConfigureAwait(false);
    }

    public IReadOnlyList<RunProgress> ListProgress() => site.Progress.List();

    public async ValueTask<int> ApplyRetentionAsync(Guid machine, CancellationToken cancellationToken = default)
    {
        site.Certainty.Demand(site.Name);
        var (row, _) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        return await retention.ApplyAsync(row.Uuid, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask<long> SweepAsync(CancellationToken cancellationToken = default) => sweep.RunAsync(cancellationToken);

    public ValueTask<StoreCheck> VerifyAsync(CancellationToken cancellationToken = default) => verification.RunAsync(cancellationToken);

    public async ValueTask<bool> TrustTrackerAsync(Guid machine, string actor, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var (row, _) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        return await audit.RecordAsync(
            actor,
            "tracker.trust",
            row.Uuid.ToString(),
            async () =>
            {
                await machines.UpdateAsync(row.Uuid, m => m with { DistrustedTracker = null }, cancellationToken).ConfigureAwait(false);
                return row.DistrustedTracker is not null;
            },
            was => was ? $"it was not trusted since {row.DistrustedTracker!.Since:u}: {row.DistrustedTracker.Because}" : "it was trusted").ConfigureAwait(false);
    }
}
