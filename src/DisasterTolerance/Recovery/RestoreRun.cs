using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.InstantBoot;
using Microsoft.Extensions.Logging;
using DisasterTolerance.Capture;
using DisasterTolerance.Scheduling;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Brings a machine back to an earlier point at the site that owns it. The present state is kept as a point before anything is overwritten, and is put back if the restore fails.
/// <code>
///   RunAsync ─▶ StopAsync ─▶ KeepAsync ─▶ RestoreAsync ─▶ ForkAsync ─▶ Arrival.StartAsync
///                  │ stopping    │ keeping     │ restoring     │ owned
///                  ▼             ▼             ▼
///              GiveUpAsync   GiveUpAsync    PutBackAsync ─▶ GiveUpAsync
///   after a crash:  ResumeAsync ─▶ GiveUpAsync (stopping, keeping), RestoreAsync (restoring), Arrival.StartAsync (owned)
/// </code>
/// </summary>
internal sealed class RestoreRun(RecoveryTools tools, ICapturer capturer, IDiskRestorer restorer, DiskPulls pulls, Arrival arrival)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<RestoreRun>();

    /// <summary>Runs an in-place restore.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="token">What ends it.</param>
    public async Task<RecoveryReport> RunAsync(RecoveryRequest request, Guid machine, WorkToken token)
    {
        using var gate = await tools.Site.Gates.EnterAsync(machine, token.Now).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.FindAsync(machine, token.Now).ConfigureAwait(false);
        var point = await tools.Points.FindAsync(subject.Row, request.Point, token.Now).ConfigureAwait(false);
        if (RecoveryRules.MayRestore(subject.Row, tools.Site.Uuid, point) is { } refusal)
        {
            throw refusal.ToException();
        }

        // A point that cannot be read is refused before the machine is stopped for it.
        await tools.Manifests.ReadManifestAsync(point!, token.Now).ConfigureAwait(false);
        var info = await tools.Power.FindAsync(subject, token.Now).ConfigureAwait(false);
        if (BootRules.MayStartOver(subject.Row, info?.Power, request.Force) is { } tooEarly)
        {
            throw tooEarly.ToException();
        }

        var work = tools.Book.New(WorkKind.Restore, WorkSteps.Stopping, request.Actor, point!.Uuid, request.Host, info is { Power: not PowerState.Off });
        var row = await tools.Book.BeginAsync(subject, work, Procedure.Recovering, token.Now).ConfigureAwait(false);
        subject = subject with { Row = row };
        Guid? kept;
        try
        {
            await pulls.PauseAsync(machine, token.Now).ConfigureAwait(false);
            kept = await StopAsync(subject, info, request.Force, token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DisasterToleranceException || (e is OperationCanceledException && !token.Life.IsCancellationRequested))
        {
            await GiveUpAsync(subject, e, token.Life).ConfigureAwait(false);
            throw;
        }

        row = await tools.Machines.GetAsync(machine, token.Life).ConfigureAwait(false);
        return await RestoreAsync(subject with { Row = row }, point, kept, token).ConfigureAwait(false);
    }

    /// <summary>Takes up a restore that a crash cut while it was overwriting. The caller holds the gate.</summary>
    public async Task ResumeAsync(WorkSubject subject, WorkToken token)
    {
        var work = subject.Row.Pending!;
        var own = await tools.Manifests.ListOwnAsync(subject.Uuid, token.Now).ConfigureAwait(false);
        var kept = own.Where(p => p.Kind == PointKind.Safety && p.Origin == tools.Site.Uuid && p.Began >= work.Started).MaxBy(p => p.Sequence);
        var point = await tools.Points.DemandAsync(subject.Row, work.Point ?? Guid.Empty, token.Now).ConfigureAwait(false);
        await RestoreAsync(subject, point, kept?.Uuid, token).ConfigureAwait(false);
    }

    /// <summary>Gives a restore up; the disks are what they were. The caller holds the gate.</summary>
    public async ValueTask GiveUpAsync(WorkSubject subject, Exception cause, CancellationToken life)
    {
        var row = await tools.Machines.GetAsync(subject.Uuid, life).ConfigureAwait(false);
        var work = row.Pending!;
        Log.GivenUp(_log, row.Name, "a restore in place", cause.Message);
        var error = cause.Message;
        try
        {
            if (work.WasRunning)
            {
                await tools.Power.StartAsync(subject with { Row = row }, "", life).ConfigureAwait(false);
            }
        }
        catch (DisasterToleranceException e)
        {
            Log.GivingUpFailed(_log, row.Name, "a restore in place", e);
            error = $"{error} Its disks are as they were, but it could not be started again: {e.Message}";
        }

        await tools.Book.EndAsync(
            row.Uuid, work, tools.Book.Record(row.Uuid, work, null, cause), m => tools.Book.Settled(m) with { LastError = $"Restore: {error}" }, life).ConfigureAwait(false);
        pulls.Begin(subject.Uuid);
    }

    private async ValueTask<Guid?> StopAsync(WorkSubject subject, MachineInfo? info, bool force, WorkToken token)
    {
        if (info is null || (subject.Row.Boot is { } boot && !BootRules.MayHoldData(boot, info.Power)))
        {
            Log.NothingToKeep(_log, subject.Row.Name);
            await tools.Book.StepAsync(subject.Uuid, subject.Row.Pending!, WorkSteps.Restoring, token.Now).ConfigureAwait(false);
            return null;
        }

        await tools.Power.StopAsync(subject, token.Now).ConfigureAwait(false);
        return await KeepAsync(subject, force, token).ConfigureAwait(false);
    }

    private async ValueTask<Guid?> KeepAsync(WorkSubject subject, bool force, WorkToken token)
    {
        var work = await tools.Book.StepAsync(subject.Uuid, subject.Row.Pending!, WorkSteps.Keeping, token.Now).ConfigureAwait(false);
        Guid? kept = null;
        try
        {
            kept = (await capturer.CaptureAsync(subject.Uuid, PointKind.Safety, token.Now).ConfigureAwait(false)).Point.Uuid;
        }
        catch (HypervisorException e) when (force)
        {
            Log.NotKept(_log, subject.Row.Name, e.Message);
        }

        await tools.Book.StepAsync(subject.Uuid, work, WorkSteps.Restoring, token.Now).ConfigureAwait(false);
        return kept;
    }

    private async Task<RecoveryReport> RestoreAsync(WorkSubject subject, PointRow point, Guid? kept, WorkToken token)
    {
        long written;
        WorkSubject forked;
        try
        {
            var manifest = await tools.Manifests.ReadManifestAsync(point, token.Now).ConfigureAwait(false);
            written = await restorer.RestoreAsync(subject.Plan, subject.Row, manifest, token.Now).ConfigureAwait(false);
            token.Now.ThrowIfCancellationRequested();
            forked = await ForkAsync(subject, point, token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DisasterToleranceException || (e is OperationCanceledException && !token.Life.IsCancellationRequested))
        {
            await PutBackAsync(subject, kept, e, token.Life).ConfigureAwait(false);
            throw;
        }

        token.PassPointOfNoReturn();
        var report = tools.Points.Report(forked, forked.Row.Pending!, point, written, kept);
        var arrived = await arrival.StartAsync(forked, report, token.Life).ConfigureAwait(false);
        return arrived.Error is { } error ? throw error : arrived.Report!;
    }

    private async ValueTask<WorkSubject> ForkAsync(WorkSubject subject, PointRow point, WorkToken token)
    {
        var own = await tools.Manifests.ListOwnAsync(subject.Uuid, token.Now).ConfigureAwait(false);
        var held = await tools.Manifests.ListAsync(subject.Uuid, subject.Peer, token.Now, includeRemoved: true).ConfigureAwait(false);
        var row = await tools.Machines.UpdateAsync(
            subject.Uuid,
            m =>
            {
                IReadOnlyList<BranchFork> forks = [.. m.Forks, BranchRules.Fork(m.Ownership.Number, point, m.LastSequence, m.Forks)];
                return m with
                {
                    Forks = forks,
                    Pending = m.Pending! with { Step = WorkSteps.Owned },
                    Boot = BootRules.Left(m.Boot),

                    // Points of the branch that was left are not shipped any more.
                    DeltaBytes = ShippingOrder.Bytes(ShippingOrder.Of(own, held, forks, subject.Plan.Retention)),
                };
            },
            token.Now).ConfigureAwait(false);
        return subject with { Row = row };
    }

    /// <summary>The disks hold anything now: only with the kept state written back may the machine be started again.</summary>
    private async ValueTask PutBackAsync(WorkSubject subject, Guid? kept, Exception cause, CancellationToken life)
    {
        var row = await tools.Machines.GetAsync(subject.Uuid, life).ConfigureAwait(false);
        try
        {
            var point = await tools.Points.DemandAsync(row, kept ?? Guid.Empty, life).ConfigureAwait(false);
            var manifest = await tools.Manifests.ReadManifestAsync(point, life).ConfigureAwait(false);
            await restorer.RestoreAsync(subject.Plan, row, manifest, life).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.GivingUpFailed(_log, row.Name, "a restore in place", e);
            var error = $"Restore: {cause.Message} The disks of {subject.Label} are partly overwritten and its former state could not be put back ({e.Message}). It is left off: restore it to a point that can be read.";
            await tools.Book.EndAsync(
                row.Uuid, row.Pending!, tools.Book.Record(row.Uuid, row.Pending!, null, cause), m => tools.Book.Shown(m, Procedure.Failed) with { LastError = error }, life).ConfigureAwait(false);
            pulls.Begin(subject.Uuid);
            return;
        }

        await GiveUpAsync(subject, cause, life).ConfigureAwait(false);
    }
}
