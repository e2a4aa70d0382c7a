using System.Text.Json;
using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Recovery;
using DisasterTolerance.Shipping;
using DisasterTolerance.Sites;
using DisasterTolerance.Upkeep;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Scheduling;

/// <summary>
/// One run: re-anchor the schedule → capture (under the machine's gate) → ship → retention → record. While shipping is still going on, the next run captures, and its shipping follows. Thread-safe.
/// </summary>
internal sealed class RunExecutor(
    SiteContext site, MachineDirectory machines, ICapturer capturer, IShipper shipper, IRetentionRunner retention, OwedShipments owed, MachinePower power)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Task<RunReport>> _running = [];
    private readonly SemaphoreSlim _captures = new(site.Options.ParallelCaptures);
    private readonly ILogger _log = site.Logs.CreateLogger<RunExecutor>();

    /// <summary>Runs a machine, or joins the capture that is under way. The first caller's token ends the run, a later caller's only the wait.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="cancellationToken">Ends the run or the wait.</param>
    /// <param name="shutDown">Whether the machine is shut down first and left off; such a run waits for another one instead of joining it.</param>
    public async ValueTask<RunReport> RunAsync(Guid machine, CancellationToken cancellationToken, bool shutDown = false)
    {
        var mine = new TaskCompletionSource<RunReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        while (Join(machine, mine.Task) is { } running)
        {
            if (!shutDown)
            {
                return await running.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            await ((Task)running).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }

        try
        {
            var report = await ExecuteAsync(machine, shutDown, mine.Task, cancellationToken).ConfigureAwait(false);
            mine.SetResult(report);
            return report;
        }
        catch (Exception e)
        {
            Captured(machine, mine.Task);
            mine.SetException(e);
            _ = mine.Task.Exception;
            throw;
        }
    }

    /// <summary>The run that is under way, or null if this one has taken the place.</summary>
    private Task<RunReport>? Join(Guid machine, Task<RunReport> mine)
    {
        lock (_gate)
        {
            return _running.TryAdd(machine, mine) ? null : _running[machine];
        }
    }

    /// <summary>Whether a run of the machine waits for its capture or captures.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    public bool IsCapturing(Guid machine)
    {
        lock (_gate)
        {
            return _running.ContainsKey(machine);
        }
    }

    // From here on the next run may capture: slow shipping must not cost recovery points.
    private void Captured(Guid machine, Task<RunReport> run)
    {
        lock (_gate)
        {
            // The place may be the next run's already.
            if (_running.GetValueOrDefault(machine) == run)
            {
                _running.Remove(machine);
            }
        }
    }

    private async ValueTask<RunReport> ExecuteAsync(Guid machine, bool shutDown, Task<RunReport> mine, CancellationToken cancellationToken)
    {
        var run = site.Ids.NewId();
        var started = site.Now;
        try
        {
            var report = await CaptureAndShipAsync(machine, shutDown, run, started, mine, cancellationToken).ConfigureAwait(false);
            await RecordAsync(machine, run, started, ErrorCode.None, "", report, cancellationToken).ConfigureAwait(false);
            await retention.ApplyAsync(machine, cancellationToken).ConfigureAwait(false);
            return report;
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // A provider of somebody else's may throw anything: such a run has failed like any other, and it is shown.
            Log.RunFailed(_log, machine, e);
            var code = (e as DisasterToleranceException)?.Code ?? ErrorCode.Unavailable;
            await RecordAsync(machine, run, started, code, e.Message, null, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask<RunReport> CaptureAndShipAsync(
        Guid machine, bool shutDown, Guid run, DateTimeOffset started, Task<RunReport> mine, CancellationToken cancellationToken)
    {
        CaptureReport captured;
        using (await site.Gates.EnterAsync(machine, _captures, cancellationToken).ConfigureAwait(false))
        {
            var subject = await DemandAsync(machine, started, cancellationToken).ConfigureAwait(false);
            if (shutDown)
            {
                await power.StopAsync(subject, cancellationToken).ConfigureAwait(false);
            }

            captured = await capturer.CaptureAsync(machine, PointKind.Regular, cancellationToken).ConfigureAwait(false);
        }

        Captured(machine, mine);
        var report = new RunReport
        {
            Run = run,
            Machine = machine,
            Point = captured.Point.Uuid,
            PointName = captured.Point.Name,
            Started = started,
            CaptureTime = captured.Elapsed,
            DiskBytes = captured.DiskBytes,
            ReadBytes = captured.ReadBytes,
            ChangedBytes = captured.ChangedBytes,
            StoredBytes = captured.StoredBytes,
            AuditedBytes = captured.AuditedBytes,
            ComparedBecause = captured.ComparedBecause,
            LeftOff = shutDown,
        };
        var row = await machines.GetAsync(machine, cancellationToken).ConfigureAwait(false);
        if (row.Takeover is not null)
        {
            return report with { NotShippedBecause = "the machine waits for a confirmation: points are kept here and shipped after it" };
        }

        owed.Add(machine);
        ShipReport shipped;
        try
        {
            shipped = await shipper.ShipAsync(machine, onlyNewest: false, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // A shipment before this one may have ended, and struck the machine off, after it was added above.
            owed.Add(machine);
            throw;
        }

        owed.Remove(machine);
        return report with { ShipTime = shipped.Elapsed, ShippedChunks = shipped.Chunks, WireBytes = shipped.WireBytes, ShippedPoints = shipped.Points };
    }

    /// <summary>Checks under the gate that the machine may be captured, and sets the next run one interval from this start.</summary>
    private async ValueTask<WorkSubject> DemandAsync(Guid machine, DateTimeOffset started, CancellationToken cancellationToken)
    {
        site.Certainty.Demand(site.Name);
        var (row, plan) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        if (row.Removed is not null || plan.Deleted is not null)
        {
            await machines.UpdateAsync(machine, m => m with { NextRun = null }, cancellationToken, tell: false).ConfigureAwait(false);
            throw new DisasterToleranceException(ErrorCode.NotFound, $"Machine '{row.Name}' is not protected any more: it was taken out of its plan. Add it to a plan again.");
        }

        if (OwnershipRules.MayCapture(row, site.Uuid) is { } refusal)
        {
            await machines.UpdateAsync(machine, m => m with { NextRun = null }, cancellationToken, tell: false).ConfigureAwait(false);
            throw refusal.ToException();
        }

        if (row.Pending is { } pending)
        {
            throw new DisasterToleranceException(
                ErrorCode.WrongProcedure, $"Machine '{row.Name}' cannot run: a {pending.Kind} is under way since {pending.Started:u}. Wait until it has ended.", isTransient: true);
        }

        if (BootRules.MayUseDisks(row, "captured") is { } tooEarly)
        {
            // Due from now on: the schedule passes it over until its disks are its own, and runs it then.
            await machines.UpdateAsync(machine, m => m with { NextRun = ScheduleRules.AfterStart(plan, m.Paused, started) is null ? m.NextRun : started }, cancellationToken, tell: false).ConfigureAwait(false);
            throw tooEarly.ToException();
        }

        await machines.UpdateAsync(
            machine, m => m with { LastRunStarted = started, NextRun = ScheduleRules.AfterStart(plan, m.Paused, started) }, cancellationToken, tell: false).ConfigureAwait(false);
        return new WorkSubject(row, plan, site.LocalUuid(plan, row), site.PeerOf(plan));
    }

    private async ValueTask RecordAsync(Guid machine, Guid run, DateTimeOffset started, ErrorCode outcome, string error, RunReport? report, CancellationToken cancellationToken)
    {
        var ended = site.Now;
        var done = new RunRow
        {
            Uuid = run,
            Machine = machine,
            Kind = "run",
            Started = started,
            Ended = ended,
            Outcome = outcome,
            Error = error,
            Report = report is null ? "{}" : JsonSerializer.Serialize(report, ReportJson.Default.RunReport),
        };
        await machines.UpdateAsync(
            machine,
            row => row with
            {
                LastError = error,
                Guest = outcome == ErrorCode.MachineNotFound ? row.Guest with { Deleted = true, Learnt = ended } : row.Guest,
                LastRunDuration = outcome == ErrorCode.None ? ended - started : row.LastRunDuration,
                Procedure = Settled(row, outcome),
                ProcedureSince = Settled(row, outcome) == row.Procedure ? row.ProcedureSince : ended,
            },
            cancellationToken,
            also: (_, batch) => batch.Add(new CatalogChange.PutRun(done))).ConfigureAwait(false);
        if (outcome != ErrorCode.None)
        {
            site.Events.Publish(SiteEventKind.RunFailed, error, machine);
        }
    }

    // A run only moves between normal and failed; what a migration, a takeover or a conflict set is not the run's to change.
    private static Procedure Settled(MachineRow row, ErrorCode outcome) =>
        row.Procedure is Procedure.Normal or Procedure.Failed ? outcome == ErrorCode.None ? Procedure.Normal : Procedure.Failed : row.Procedure;
}
