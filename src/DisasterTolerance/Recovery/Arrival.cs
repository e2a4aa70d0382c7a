using DisasterTolerance.Catalog;
using DisasterTolerance.Scheduling;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// The end of every flow that brings a machine up here: the machine is this site's and its disks are ready, so it is started and the work is ended. Repeated after a crash as often as need be.
/// Thread-safe; the caller holds the machine's gate.
/// </summary>
internal sealed class Arrival(RecoveryTools tools)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<Arrival>();

    /// <summary>Starts the machine and ends the work of step <see cref="WorkSteps.Owned"/>.</summary>
    /// <param name="subject">The machine with its present row.</param>
    /// <param name="report">What was done, for the record; null if a crash lost it.</param>
    /// <param name="life">Ends the work with the site; it is then taken up again.</param>
    /// <returns>Why the machine could not be started; null if it was. Either way it is this site's.</returns>
    public async ValueTask<DisasterToleranceException?> StartAsync(WorkSubject subject, RecoveryReport? report, CancellationToken life)
    {
        var work = subject.Row.Pending!;
        DisasterToleranceException? error = null;
        try
        {
            await tools.Power.StartAsync(subject, work.Host, life).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.StartFailed(_log, subject.Row.Name, e);
            error = new DisasterToleranceException(
                e.Code, $"The {subject.Label} belongs to site '{tools.Site.Name}' and its disks are ready, but it could not be started: {e.Message} Start it on its hypervisor, or recover it again on another host.", e.IsTransient, e);
        }

        await tools.Book.EndAsync(subject.Uuid, work, tools.Book.Record(subject.Uuid, work, report, error), row => Arrived(row, subject, error), life).ConfigureAwait(false);
        return error;
    }

    private MachineRow Arrived(MachineRow row, WorkSubject subject, DisasterToleranceException? error)
    {
        var settled = error is null ? tools.Book.Settled(row) : tools.Book.Shown(row, Procedure.Failed);
        return settled with
        {
            LastError = error?.Message ?? "",
            NextRun = ScheduleRules.First(subject.Plan, row.Paused, tools.Site.Now),
        };
    }
}
