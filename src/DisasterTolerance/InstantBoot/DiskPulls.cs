using DisasterTolerance.Catalog;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.InstantBoot;

/// <summary>
/// Brings the data of machines that were started from exports to disks of their own, in the background and beside everything else, as often as it takes.
/// <code>
///   Begin ─▶ ServeAsync ─▶ (starting: LookAsync, until it runs) ─▶ PullAsync ─▶ DeleteAsync ─▶ nothing left to do
///                 ▲                                                   │ pulling     │ leaving
///                 └──────────────── a pause, longer each time ◀───────┴─────────────┘
/// </code>
/// Who owns the machine does not matter: what its guest wrote is kept for whoever wants it. Thread-safe; one worker per machine.
/// </summary>
internal sealed class DiskPulls(RecoveryTools tools, BootServing serving)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Remember = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, PullWorker> _workers = [];
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<DiskPulls>();

    /// <summary>Goes on with a machine in the background. Without a boot that is under way nothing happens.</summary>
    public void Begin(Guid machine)
    {
        lock (_gate)
        {
            if (_workers.TryGetValue(machine, out var running))
            {
                // It may have seen the machine as it was before, and be about to end.
                running.IsWantedAgain = true;
                return;
            }

            var worker = new PullWorker(tools.Background.Life);
            _workers.Add(machine, worker);
            tools.Background.Start(_ => worker.Start(token => RunAsync(machine, worker, token)));
        }
    }

    /// <summary>Goes on with all machines.</summary>
    public async ValueTask ResumeAsync(CancellationToken cancellationToken)
    {
        foreach (var machine in await serving.FindAsync(cancellationToken).ConfigureAwait(false))
        {
            Begin(machine.Uuid);
        }
    }

    /// <summary>Lets go of a machine: when it returns nothing is being pulled. The caller has written down why, so that nobody begins again before <see cref="Begin"/> is called.</summary>
    public async ValueTask PauseAsync(Guid machine, CancellationToken cancellationToken)
    {
        PullWorker? worker;
        lock (_gate)
        {
            worker = _workers.GetValueOrDefault(machine);
            if (worker is not null)
            {
                worker.IsStopping = true;
            }
        }

        if (worker is not null)
        {
            using (worker)
            {
                await worker.StopAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task RunAsync(Guid machine, PullWorker worker, CancellationToken token)
    {
        try
        {
            for (var delay = FirstRetry; ; delay = delay < LastRetry ? delay * 2 : LastRetry)
            {
                switch (await TryAsync(machine, token).ConfigureAwait(false))
                {
                    case Attempt.Done:
                        return;
                    case Attempt.Moved:
                        delay = FirstRetry;
                        break;
                }

                await Task.Delay(delay, tools.Site.Clock, token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            // Whoever ended it begins it again, or the next start does: all that counts is in the catalog.
        }
        finally
        {
            End(machine, worker);
        }
    }

    private void End(Guid machine, PullWorker worker)
    {
        lock (_gate)
        {
            _workers.Remove(machine);
            if (!worker.IsStopping)
            {
                worker.Dispose();
            }
        }

        if (worker.IsWantedAgain && !tools.Background.Life.IsCancellationRequested)
        {
            Begin(machine);
        }
    }

    private async ValueTask<Attempt> TryAsync(Guid machine, CancellationToken cancellationToken)
    {
        MachineRow? row;
        try
        {
            row = await tools.Site.Catalog.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.NotRead(_log, machine, e);
            return Attempt.NotYet;
        }

        // A failover starts it and begins again; a restore writes the very disks that would be pulled to.
        if (row?.Boot is not { } boot || row.Pending is { Kind: WorkKind.Restore or WorkKind.Failover })
        {
            return Attempt.Done;
        }

        if (tools.Site.Certainty.IsUnsure)
        {
            return Attempt.NotYet;
        }

        PullProgress? progress = null;
        try
        {
            var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
            if (boot.Stage != BootStage.Leaving)
            {
                await serving.OpenAsync(row, boot, cancellationToken).ConfigureAwait(false);
                if (boot.Stage == BootStage.Starting && await tools.Power.GetAsync(subject, cancellationToken).ConfigureAwait(false) == PowerState.Off)
                {
                    return Attempt.NotYet;
                }

                await SetAsync(boot, row.Uuid, now => now with { Stage = BootStage.Pulling }, cancellationToken).ConfigureAwait(false);
                await LetItBootAsync(subject, boot, cancellationToken).ConfigureAwait(false);
                await PullAsync(subject, boot, made => progress = made, cancellationToken).ConfigureAwait(false);
                await SetAsync(boot, row.Uuid, now => now with { Stage = BootStage.Leaving, PulledBytes = now.TotalBytes, Error = "" }, cancellationToken).ConfigureAwait(false);
            }

            await LeaveAsync(row, boot, cancellationToken).ConfigureAwait(false);
            return Attempt.Done;
        }
        catch (DisasterToleranceException e)
        {
            await ShowAsync(row, boot, e.Message, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A provider of somebody else's may throw anything, and the data must come over all the same.
            Log.PullFailedOddly(_log, row.Name, e);
            await ShowAsync(row, boot, e.Message, progress, cancellationToken).ConfigureAwait(false);
        }

        return progress is { HasMoved: true } ? Attempt.Moved : Attempt.NotYet;
    }

    /// <summary>A copy that begins at once takes processor and disk from the boot that everybody waits for.</summary>
    private async ValueTask LetItBootAsync(WorkSubject subject, BootState boot, CancellationToken cancellationToken)
    {
        var site = tools.Site;
        var left = boot.Since + site.Options.BootGrace - site.Now;
        if (left <= TimeSpan.Zero || boot.PulledBytes > 0)
        {
            return;
        }

        using var grace = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var over = Task.Delay(left, site.Clock, grace.Token);
        var up = site.HypervisorOf(subject.Plan) is IGuestAgent ? tools.Power.WaitUpAsync(subject, grace.Token).AsTask() : over;
        await Task.WhenAny(over, up).ConfigureAwait(false);
        await grace.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(over, up).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async ValueTask PullAsync(WorkSubject subject, BootState boot, Action<PullProgress> tell, CancellationToken cancellationToken)
    {
        var site = tools.Site;
        using var deadline = new ProgressDeadline(site.Clock, site.Options.ProgressDeadline, $"Copying the disks of {subject.Label} from its exports", cancellationToken);
        using var board = site.Progress.Begin(subject.Uuid, Procedure.Recovering, site.Now);
        board.AddTotal(boot.TotalBytes);
        var progress = new PullProgress(board, deadline, boot.TotalBytes, boot.PulledBytes);
        tell(progress);
        if (site.HypervisorOf(subject.Plan) is not IInstantBoot hypervisor)
        {
            throw new DisasterToleranceException(
                ErrorCode.HypervisorUnknown, $"Hypervisor '{subject.Plan.Type}' of site '{site.Name}' cannot copy the disks of {subject.Label} from its exports. Configure the one that started it.");
        }

        try
        {
            var pulling = hypervisor.PullDisksAsync(subject.Local, progress, deadline.Token).AsTask();
            await RememberAsync(pulling, subject.Uuid, boot, progress, cancellationToken).ConfigureAwait(false);
            await pulling.ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsStalled)
        {
            throw deadline.Explain(e);
        }
    }

    /// <summary>Writes down from time to time how far it is, until it ends.</summary>
    private async ValueTask RememberAsync(Task pulling, Guid machine, BootState boot, PullProgress progress, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var pause = Task.Delay(Remember, tools.Site.Clock, over.Token);
            if (await Task.WhenAny(pulling, pause).ConfigureAwait(false) == pulling)
            {
                await over.CancelAsync().ConfigureAwait(false);
                return;
            }

            if (!pause.IsCompletedSuccessfully)
            {
                await pulling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            }

            try
            {
                await SetAsync(boot, machine, now => now with { PulledBytes = progress.Bytes, Error = progress.HasMoved ? "" : now.Error }, cancellationToken).ConfigureAwait(false);
            }
            catch (DisasterToleranceException e)
            {
                // What is shown may be late; the pull itself goes on.
                Log.ProgressNotKept(_log, machine, e);
            }
        }
    }

    private async ValueTask LeaveAsync(MachineRow row, BootState boot, CancellationToken cancellationToken)
    {
        await serving.DeleteAsync(boot, cancellationToken).ConfigureAwait(false);
        var ended = false;
        await tools.Machines.UpdateAsync(
            row.Uuid,
            now =>
            {
                ended = now.Boot?.Run == boot.Run;
                return ended ? now with { Boot = null } : now;
            },
            cancellationToken).ConfigureAwait(false);
        if (ended)
        {
            Log.Pulled(_log, row.Name, boot.TotalBytes, tools.Site.Now - boot.Since);
            tools.Site.Events.Publish(
                SiteEventKind.DisksPulled, $"Machine '{row.Name}' has all its data on disks of its own, {tools.Site.Now - boot.Since} after its failover began to start it from exports.", row.Uuid, row.Plan);
        }
    }

    private async ValueTask ShowAsync(MachineRow row, BootState boot, string cause, PullProgress? progress, CancellationToken cancellationToken)
    {
        Log.PullFailed(_log, row.Name, cause);
        var error = BootRules.Bounded(cause);
        var isNew = false;
        try
        {
            await SetAsync(
                boot,
                row.Uuid,
                now =>
                {
                    isNew = now.Error != error;
                    return now with { Error = error, PulledBytes = progress?.Bytes ?? now.PulledBytes };
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.ProgressNotKept(_log, row.Uuid, e);
        }

        if (isNew)
        {
            tools.Site.Events.Publish(
                SiteEventKind.PullFailed, $"The data of machine '{row.Name}' could not be copied to disks of its own; it runs on from its exports, and this is tried again. {error}", row.Uuid, row.Plan);
        }
    }

    private ValueTask<MachineRow> SetAsync(BootState boot, Guid machine, Func<BootState, BootState> change, CancellationToken cancellationToken) => tools.Machines.UpdateAsync(
        machine, row => row.Boot?.Run == boot.Run ? row with { Boot = change(row.Boot) } : row, cancellationToken, tell: false);

    private enum Attempt
    {
        Done,
        NotYet,
        Moved,
    }
}
