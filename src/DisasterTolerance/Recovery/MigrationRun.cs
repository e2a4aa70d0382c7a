using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Shipping;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// A planned migration at the source. Until the hand-over is written, every failure, cancellation or crash leaves the source as it was.
/// <code>
///   RunAsync ─▶ WarmAsync ─▶ StopAsync ─▶ CaptureAsync ─▶ PrepareAsync ─▶ HandOver.YieldAsync ─▶ HandOver.CompleteAsync
///                  │ begun      │ stopping    │ keeping       │ preparing       │ yielded (point of no return)
///                  └────────────┴─────────────┴───────────────┘                 └─▶ HandOver.Continue, if the link is cut
///                               ▼
///                          AbortAsync (also after a crash)
/// </code>
/// </summary>
internal sealed class MigrationRun(RecoveryTools tools, ICapturer capturer, IShipper shipper, HandOver handOver)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<MigrationRun>();

    /// <summary>Runs a migration.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="token">What ends it.</param>
    public async Task<RecoveryReport> RunAsync(MigrationRequest request, Guid machine, WorkToken token)
    {
        using var gate = await tools.Site.Gates.EnterAsync(machine, token.Now).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.FindAsync(machine, token.Now).ConfigureAwait(false);
        var isRunning = await DemandAsync(subject, request, token.Now).ConfigureAwait(false);
        var work = tools.Book.New(WorkKind.MigrateOut, WorkSteps.Begun, request.Actor, host: request.Host ?? subject.HostAt(subject.Peer), wasRunning: isRunning);
        subject = subject with { Row = await tools.Book.BeginAsync(subject, work, Procedure.Migrating, token.Now).ConfigureAwait(false) };
        PointRow point;
        PrepareAnswer prepared;
        try
        {
            if (isRunning)
            {
                await WarmAsync(subject, token.Now).ConfigureAwait(false);
                work = await StopAsync(subject, work, token.Now).ConfigureAwait(false);
            }

            point = await CaptureAsync(subject, work, token.Now).ConfigureAwait(false);
            prepared = await PrepareAsync(subject, work, point, token.Now).ConfigureAwait(false);
            token.Now.ThrowIfCancellationRequested();
            subject = await handOver.YieldAsync(subject, point.Uuid, token.Now).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DisasterToleranceException || (e is OperationCanceledException && !token.Life.IsCancellationRequested))
        {
            await AbortAsync(subject, e, token.Life).ConfigureAwait(false);
            throw;
        }

        token.PassPointOfNoReturn();
        return await CompleteAsync(subject, point, prepared, token.Life).ConfigureAwait(false);
    }

    /// <summary>Gives a migration up that has not handed the machine over. The caller holds the gate.</summary>
    public ValueTask AbortAsync(WorkSubject subject, Exception cause, CancellationToken life) => handOver.AbortAsync(subject, WorkKind.MigrateOut, cause, life);

    private async ValueTask<bool> DemandAsync(WorkSubject subject, MigrationRequest request, CancellationToken cancellationToken)
    {
        if (request.Source is { } source && source != tools.Site.Uuid)
        {
            throw new DisasterToleranceException(
                ErrorCode.NotOwner, $"The {subject.Label} is not owned by site '{tools.Site.NameOf(source)}' but by site '{tools.Site.Name}': name that site as the source.");
        }

        var info = await tools.Power.FindAsync(subject, cancellationToken).ConfigureAwait(false)
            ?? throw new HypervisorException(
                ErrorCode.MachineNotFound, subject.Local, $"Hypervisor '{subject.Plan.Type}' of site '{tools.Site.Name}' does not know {subject.Label} as machine {subject.Local}. Register it again, or fail it over at the other site.");
        var peer = await tools.Peers.ReportAsync(subject, cancellationToken).ConfigureAwait(false);
        return RecoveryRules.MayMigrate(subject.Row, tools.Site.Uuid, info.Power, request.AutoShutoff, peer) is { } refusal
            ? throw refusal.ToException()
            : info.Power == PowerState.On;
    }

    /// <summary>Brings most of what changed over while the machine still runs.</summary>
    private async ValueTask WarmAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        await capturer.CaptureAsync(subject.Uuid, PointKind.Regular, cancellationToken).ConfigureAwait(false);
        await shipper.ShipAsync(subject.Uuid, onlyNewest: true, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<PendingWork> StopAsync(WorkSubject subject, PendingWork work, CancellationToken cancellationToken)
    {
        work = await tools.Book.StepAsync(subject.Uuid, work, WorkSteps.Stopping, cancellationToken).ConfigureAwait(false);
        await tools.Power.StopAsync(subject, cancellationToken).ConfigureAwait(false);
        return work;
    }

    private async ValueTask<PointRow> CaptureAsync(WorkSubject subject, PendingWork work, CancellationToken cancellationToken)
    {
        await tools.Book.StepAsync(subject.Uuid, work, WorkSteps.Keeping, cancellationToken).ConfigureAwait(false);
        var captured = await capturer.CaptureAsync(subject.Uuid, PointKind.Regular, cancellationToken).ConfigureAwait(false);
        await shipper.ShipAsync(subject.Uuid, onlyNewest: true, cancellationToken).ConfigureAwait(false);
        return captured.Point;
    }

    /// <summary>The destination writes its disks; the machine must still be off, or the final point would not be the last state.</summary>
    private async ValueTask<PrepareAnswer> PrepareAsync(WorkSubject subject, PendingWork work, PointRow point, CancellationToken cancellationToken)
    {
        await tools.Book.StepAsync(subject.Uuid, work, WorkSteps.Preparing, cancellationToken, point.Uuid).ConfigureAwait(false);
        var prepared = await tools.Peers.CallAsync(subject.Peer, RecoveryMethods.MigratePrepare, new PrepareRequest(subject.Uuid, point.Uuid), cancellationToken).ConfigureAwait(false);
        PeerMachines.DemandOff(subject, await tools.Power.GetAsync(subject, cancellationToken).ConfigureAwait(false));
        return prepared;
    }

    private async ValueTask<RecoveryReport> CompleteAsync(WorkSubject subject, PointRow point, PrepareAnswer prepared, CancellationToken life)
    {
        var work = subject.Row.Pending!;
        RecoveryReport? report = null;
        TakeAnswer answer;
        try
        {
            answer = await handOver.CompleteAsync(
                subject,
                taken => report = tools.Points.Report(subject, work, point, prepared.WrittenBytes, null) with { Site = subject.Peer, SiteMachine = subject.Remote, Epoch = taken.Ownership.Number },
                life).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.HandOverWaits(_log, subject.Row.Name, tools.Site.NameOf(subject.Peer), e.Message);
            handOver.Continue(subject.Uuid);
            throw new DisasterToleranceException(
                e.Code, $"The {subject.Label} was handed over to site '{tools.Site.NameOf(subject.Peer)}', which has not said yet that it took it: {e.Message} The hand-over goes on by itself as soon as the site answers.", true, e);
        }

        return HandOver.ErrorOf(answer) is { } error ? throw error : report!;
    }
}
