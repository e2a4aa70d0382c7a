using DisasterTolerance.Catalog;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Brings a machine up at the site that does not own it, without any help of the one that does. Until the takeover is written nothing but this site's own replica was touched.
/// Where the machine can be started from exports of the point, its disks are not restored before, but copied while it runs.
/// <code>
///   RunAsync ─▶ AskOwnerAsync ─▶ RestoreAsync ─▶ AskAgainAsync ─▶ TakeOverAsync ─▶ Arrival.StartAsync (─▶ DiskPulls, if from exports)
///                    │                │ restoring, forcing │ by force: stop    │ owned (point of no return)
///                refused          GiveUpAsync ◀────────────┴───────────────────┘ not written
///   from exports: TryServeAsync in place of RestoreAsync, which comes after it if the point cannot be served
///   after a crash:  ResumeAsync ─▶ RestoreAsync …   (restoring, forcing)      or  Arrival.StartAsync   (owned)
/// </code>
/// </summary>
internal sealed class FailoverRun(RecoveryTools tools, IDiskRestorer restorer, BootServing serving, DiskPulls pulls, Arrival arrival)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<FailoverRun>();

    /// <summary>Runs a failover.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="token">What ends it.</param>
    public async Task<RecoveryReport> RunAsync(RecoveryRequest request, Guid machine, WorkToken token)
    {
        using var gate = await tools.Site.Gates.EnterAsync(machine, token.Now).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.FindAsync(machine, token.Now).ConfigureAwait(false);
        var point = await AskOwnerAsync(subject, request, token.Now).ConfigureAwait(false);
        var power = await tools.Power.GetAsync(subject, token.Now).ConfigureAwait(false);
        if (BootRules.MayStartOver(subject.Row, power, request.Force) is { } refusal)
        {
            throw refusal.ToException();
        }

        PeerMachines.DemandOff(subject, power);
        var work = tools.Book.New(WorkKind.Failover, request.Force ? WorkSteps.Forcing : WorkSteps.Restoring, request.Actor, point.Uuid, request.Host ?? subject.HostAt(tools.Site.Uuid)) with
        {
            // One that was started from exports before has disks of its own first, so that it has one set of overlays at the most.
            FromExports = subject.Row.Boot is null && (request.InstantBoot ?? tools.Site.Options.InstantBoot) && serving.IsAble(subject.Plan),
        };
        var row = await tools.Book.BeginAsync(subject, work, Procedure.Recovering, token.Now).ConfigureAwait(false);
        return await RestoreAsync(subject with { Row = row }, point, subject.Row.Pending, token).ConfigureAwait(false);
    }

    /// <summary>Takes up a failover that a crash cut while it was restoring. The caller holds the gate.</summary>
    public async Task ResumeAsync(WorkSubject subject, WorkToken token)
    {
        var point = await tools.Points.DemandAsync(subject.Row, subject.Row.Pending!.Point ?? Guid.Empty, token.Now).ConfigureAwait(false);
        await RestoreAsync(subject, point, null, token).ConfigureAwait(false);
    }

    /// <summary>Gives a failover up before it took the machine over. The caller holds the gate.</summary>
    public async ValueTask GiveUpAsync(WorkSubject subject, PendingWork? before, Exception cause, CancellationToken life)
    {
        var work = subject.Row.Pending!;
        Log.GivenUp(_log, subject.Row.Name, "a failover", cause.Message);
        await tools.Ownership.WithdrawAsync(subject.Row, life).ConfigureAwait(false);
        await tools.Book.EndAsync(
            subject.Uuid,
            work,
            tools.Book.Record(subject.Uuid, work, null, cause),
            row => tools.Book.Shown(row, Procedure.Failed) with { LastError = $"Failover: {cause.Message}" },
            life).ConfigureAwait(false);
        await serving.TryDeleteAsync(work, life).ConfigureAwait(false);
        pulls.Begin(subject.Uuid);
        if (before is not null)
        {
            // The hand-over that the failover was to replace is still open.
            await tools.Machines.UpdateAsync(subject.Uuid, row => row with { Pending = before }, life).ConfigureAwait(false);
        }
    }

    private async ValueTask<PointRow> AskOwnerAsync(WorkSubject subject, RecoveryRequest request, CancellationToken cancellationToken)
    {
        // A hand-over that the other site never took is no reason to wait: a failover of its own is what the giver may do.
        var judged = subject.Row.Pending is { Kind: WorkKind.MigrateOut or WorkKind.Undo, Step: WorkSteps.Yielded } ? subject.Row with { Pending = null } : subject.Row;
        var point = await tools.Points.FindAsync(subject.Row, request.Point, cancellationToken).ConfigureAwait(false);
        var peer = await tools.Peers.ReportAsync(subject, cancellationToken).ConfigureAwait(false);
        return RecoveryRules.MayFailOver(judged, tools.Site.Uuid, point, peer, request.Force) is { } refusal ? throw refusal.ToException() : point!;
    }

    /// <summary>The disks are ready: only now is an owner that runs stopped by force, and one that was started meanwhile noticed.</summary>
    private async ValueTask<Ownership?> AskAgainAsync(WorkSubject subject, PointRow point, CancellationToken cancellationToken)
    {
        if (subject.Row.Pending!.Step == WorkSteps.Forcing && tools.Peers.IsUp(subject.Peer))
        {
            await tools.Peers.StopByForceAsync(subject, cancellationToken).ConfigureAwait(false);
        }

        var peer = await tools.Peers.ReportAsync(subject, cancellationToken).ConfigureAwait(false);
        var isForced = subject.Row.Pending.Step == WorkSteps.Forcing;
        return RecoveryRules.MayFailOver(subject.Row with { Pending = null }, tools.Site.Uuid, point, peer, isForced) is { } refusal ? throw refusal.ToException() : peer.Ownership;
    }

    private async Task<RecoveryReport> RestoreAsync(WorkSubject subject, PointRow point, PendingWork? before, WorkToken token)
    {
        WorkSubject owned;
        var written = 0L;
        try
        {
            var manifest = await tools.Manifests.ReadManifestAsync(point, token.Now).ConfigureAwait(false);
            await pulls.PauseAsync(subject.Uuid, token.Now).ConfigureAwait(false);
            var boot = await TryServeAsync(subject, manifest, token.Now).ConfigureAwait(false);
            if (boot is null)
            {
                written = await restorer.RestoreAsync(subject.Plan, subject.Row, manifest, token.Now).ConfigureAwait(false);
            }

            var told = await AskAgainAsync(subject, point, token.Now).ConfigureAwait(false);
            owned = await TakeOverAsync(subject, point, told, boot, token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DisasterToleranceException || (e is OperationCanceledException && !token.Life.IsCancellationRequested))
        {
            var now = subject with { Row = await tools.Machines.GetAsync(subject.Uuid, token.Life).ConfigureAwait(false) };
            await GiveUpAsync(now, before, e, token.Life).ConfigureAwait(false);
            throw;
        }

        token.PassPointOfNoReturn();
        var report = tools.Points.Report(owned, owned.Row.Pending!, point, written, null);
        var arrived = await arrival.StartAsync(owned, report, token.Life).ConfigureAwait(false);
        return arrived.Error is { } error ? throw error : arrived.Report!;
    }

    /// <summary>Serves the point before anything is at stake.</summary>
    /// <returns>Null if the disks are to be written instead, also because the point cannot be served: late is better than not at all.</returns>
    private async ValueTask<BootState?> TryServeAsync(WorkSubject subject, PointManifest manifest, CancellationToken cancellationToken)
    {
        var work = subject.Row.Pending!;
        if (!work.FromExports || !serving.IsAble(subject.Plan))
        {
            return null;
        }

        var boot = new BootState(work.Id, manifest.Point, tools.Site.Now, BootStage.Starting, manifest.Disks.Sum(disk => disk.Definition.LengthBytes));
        try
        {
            await serving.OpenAsync(subject.Row, boot, cancellationToken).ConfigureAwait(false);
            return boot;
        }
        catch (DisasterToleranceException e)
        {
            Log.NotServed(_log, subject.Row.Name, e);
            await serving.TryDeleteAsync(work, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    private async ValueTask<WorkSubject> TakeOverAsync(WorkSubject subject, PointRow point, Ownership? told, BootState? boot, WorkToken token)
    {
        var (row, now) = (subject.Row, tools.Site.Now);
        var next = OwnershipRules.TakeOver(tools.Site.Uuid, now, row.Ownership, told ?? row.Ownership);
        var stored = await tools.Ownership.WriteAsync(
            row,
            next,
            "failover",
            m => m with
            {
                Forks = [.. m.Forks, BranchRules.Fork(next.Number, point, m.LastSequence, m.Forks)],
                Takeover = new Takeover(TakeoverKind.Failover, subject.Peer, point.Uuid, now),
                Pending = m.Pending! with { Step = WorkSteps.Owned },
                Boot = boot ?? BootRules.Left(m.Boot),
                NextRun = null,
            },
            token.Now).ConfigureAwait(false);
        return subject with { Row = stored };
    }
}
