using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Scheduling;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>What became of a machine that was to be brought up here. Immutable.</summary>
/// <param name="Error">Why it could not be started; null if it was. Either way it is this site's.</param>
/// <param name="Report">What was done, with the time that it took; null if a crash lost it.</param>
internal readonly record struct Arrived(DisasterToleranceException? Error, RecoveryReport? Report);

/// <summary>
/// The end of every flow that brings a machine up here: the machine is this site's, and its disks are ready or are to be served, so it is started and the work is ended. Repeated after a crash as often as
/// need be. Thread-safe; the caller holds the machine's gate.
/// </summary>
internal sealed class Arrival(RecoveryTools tools, BootServing serving, DiskPulls pulls, FirstSign sign)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<Arrival>();

    /// <summary>Starts the machine and ends the work of step <see cref="WorkSteps.Owned"/>.</summary>
    /// <param name="subject">The machine with its present row.</param>
    /// <param name="report">What was done, for the record; null if a crash lost it.</param>
    /// <param name="life">Ends the work with the site; it is then taken up again.</param>
    public async ValueTask<Arrived> StartAsync(WorkSubject subject, RecoveryReport? report, CancellationToken life)
    {
        var work = subject.Row.Pending!;
        var boot = subject.Row.Boot is { Stage: BootStage.Starting } starting && work.Kind == WorkKind.Failover ? starting : null;
        DisasterToleranceException? error = null;
        try
        {
            await BringUpAsync(subject, boot, work.Host, life).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.StartFailed(_log, subject.Row.Name, e);
            error = Explain(subject, boot, e);
        }

        var done = (report ?? await tools.Points.ReportAgainAsync(subject, work, life).ConfigureAwait(false)) is { } known
            ? known with { Elapsed = tools.Site.Now - work.Started, FromExports = boot is not null }
            : null;
        var isBooted = boot is not null && (error is null || await MayRunAsync(subject, boot, life).ConfigureAwait(false));
        var run = tools.Book.Record(subject.Uuid, work, done, error);
        await tools.Book.EndAsync(subject.Uuid, work, run, row => Ended(row, subject, isBooted, error), life).ConfigureAwait(false);
        pulls.Begin(subject.Uuid);
        if (error is null)
        {
            sign.Watch(subject, run, done);
        }

        return new(error, done);
    }

    private async ValueTask BringUpAsync(WorkSubject subject, BootState? boot, string host, CancellationToken life)
    {
        if (boot is null)
        {
            await tools.Power.StartAsync(subject, host, life).ConfigureAwait(false);
            return;
        }

        var source = await serving.OpenAsync(subject.Row, boot, life).ConfigureAwait(false);
        await tools.Power.StartFromExportsAsync(subject, source, host, life).ConfigureAwait(false);
    }

    // A start that failed may have started it all the same: only a machine that is known to be off has written nothing.
    private async ValueTask<bool> MayRunAsync(WorkSubject subject, BootState boot, CancellationToken life)
    {
        try
        {
            return BootRules.MayHoldData(boot, (await tools.Power.FindAsync(subject, life).ConfigureAwait(false))?.Power);
        }
        catch (DisasterToleranceException e)
        {
            Log.StartUnknown(_log, subject.Row.Name, e);
            return true;
        }
    }

    private DisasterToleranceException Explain(WorkSubject subject, BootState? boot, DisasterToleranceException cause) => new(
        cause.Code,
        boot is null
            ? $"The {subject.Label} belongs to site '{tools.Site.Name}' and its disks are ready, but it could not be started: {cause.Message} Start it on its hypervisor, or recover it again on another host."
            : $"The {subject.Label} belongs to site '{tools.Site.Name}', but it could not be started from exports of the point: {cause.Message} Recover it again, which writes its disks first.",
        cause.IsTransient,
        cause);

    private MachineRow Ended(MachineRow row, WorkSubject subject, bool isBooted, DisasterToleranceException? error)
    {
        var settled = error is null ? tools.Book.Settled(row) : tools.Book.Shown(row, Procedure.Failed);
        return settled with
        {
            Boot = isBooted && row.Boot is { } boot ? boot with { Stage = BootStage.Pulling } : row.Boot,
            LastError = error?.Message ?? "",
            NextRun = ScheduleRules.First(subject.Plan, row.Paused, tools.Site.Now),
        };
    }
}
