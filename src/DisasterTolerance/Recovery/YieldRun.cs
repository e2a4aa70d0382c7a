using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// A site that was taken over from becomes the replica: what its disks hold is kept as a pinned residual point first. From the first step on nothing runs and nothing is captured by schedule here.
/// <code>
///   RunAsync ─▶ KeepAsync (stops it first, if it runs and may be stopped) ─▶ AdoptAsync
///      │ keeping ──────────────────────────────────────────────────────────────┘
///      └─ whatever fails or crashes: the next meeting with the same site begins it again
/// </code>
/// </summary>
internal sealed class YieldRun(RecoveryTools tools, ICapturer capturer)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<YieldRun>();

    /// <summary>Yields. The caller holds the gate.</summary>
    /// <param name="subject">The machine with its present row.</param>
    /// <param name="taken">What the other site wrote.</param>
    /// <param name="stop">Whether the machine may be stopped for it.</param>
    /// <param name="cancellationToken">Ends it; it is begun again when the sites meet.</param>
    public async ValueTask RunAsync(WorkSubject subject, Ownership taken, bool stop, CancellationToken cancellationToken)
    {
        if (subject.Row.Pending is not { Kind: WorkKind.Yield, Step: WorkSteps.Keeping })
        {
            var work = tools.Book.New(WorkKind.Yield, WorkSteps.Keeping, $"site '{tools.Site.NameOf(subject.Peer)}'");
            var row = await tools.Machines.UpdateAsync(subject.Uuid, m => m with { Pending = work, NextRun = null }, cancellationToken).ConfigureAwait(false);
            subject = subject with { Row = row };
        }

        // Written down above, so that nothing runs here meanwhile; but a site that does not trust its catalog touches nothing else.
        tools.Site.Certainty.Demand(tools.Site.Name);
        var kept = await KeepAsync(subject, stop, cancellationToken).ConfigureAwait(false);
        await AdoptAsync(subject, taken, kept, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<PointRow?> KeepAsync(WorkSubject subject, bool stop, CancellationToken cancellationToken)
    {
        if (await tools.Power.FindAsync(subject, cancellationToken).ConfigureAwait(false) is not { } info)
        {
            Log.NothingToKeep(_log, subject.Row.Name);
            return null;
        }

        PointRow? kept = null;
        if (info.Power != PowerState.Off && stop)
        {
            await tools.Power.StopAsync(subject, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            PeerMachines.DemandOff(subject, info.Power);
            kept = await FindKeptAsync(subject, cancellationToken).ConfigureAwait(false);
        }

        if (subject.Row.Boot is not null)
        {
            // In words that stay the same, or every further try would look like news. The pull needs no running machine, and this is begun again when the sites meet.
            throw new DisasterToleranceException(
                ErrorCode.WrongProcedure, $"What {subject.Label} wrote is not all on disks of its own yet, so its last state cannot be kept. It is copied from its exports; the state list shows how far it is.", isTransient: true);
        }

        kept ??= (await capturer.CaptureAsync(subject.Uuid, PointKind.Residual, cancellationToken).ConfigureAwait(false)).Point;
        Log.ResidualKept(_log, subject.Row.Name, kept.Name);
        return kept;
    }

    // Kept already if a crash came between the point and the new owner. Only what is found off is taken to have been off since then: a machine that was started meanwhile has written.
    private async ValueTask<PointRow?> FindKeptAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        var own = await tools.Manifests.ListOwnAsync(subject.Uuid, cancellationToken).ConfigureAwait(false);
        var work = subject.Row.Pending!;
        return own.FirstOrDefault(p => p.Kind == PointKind.Residual && p.Origin == tools.Site.Uuid && p.Epoch == subject.Row.Ownership.Number && p.Began >= work.Started);
    }

    private async ValueTask AdoptAsync(WorkSubject subject, Ownership taken, PointRow? kept, CancellationToken cancellationToken)
    {
        var row = await tools.Machines.GetAsync(subject.Uuid, cancellationToken).ConfigureAwait(false);
        var work = row.Pending!;
        var report = kept is null ? null : tools.Points.Report(subject, work, kept, 0, kept.Uuid);
        await tools.Ownership.WriteAsync(
            row,
            taken,
            "the other site took over",
            m => tools.Book.Shown(m, Procedure.Normal) with { Pending = null, Conflict = null, Takeover = null, NextRun = null, LastError = "" },
            cancellationToken,
            also: (_, batch) => batch.Add(new CatalogChange.PutRun(tools.Book.Record(row.Uuid, work, report, null)))).ConfigureAwait(false);
    }
}
