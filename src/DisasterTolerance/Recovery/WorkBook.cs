using System.Text.Json;
using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>Writes down how far a piece of work is, so that a crash finds it, and what became of it. Thread-safe; the caller holds the machine's gate.</summary>
internal sealed class WorkBook(SiteContext site, MachineDirectory machines)
{
    /// <summary>A new piece of work; not written yet.</summary>
    public PendingWork New(WorkKind kind, string step, string actor, Guid? point = null, string? host = null, bool wasRunning = false) =>
        new(site.Ids.NewId(), kind, step, point, host ?? "", wasRunning, site.Now, actor);

    /// <summary>Writes work down before anything is done.</summary>
    public ValueTask<MachineRow> BeginAsync(WorkSubject subject, PendingWork work, Procedure procedure, CancellationToken cancellationToken) =>
        machines.UpdateAsync(subject.Uuid, row => Shown(row, procedure) with { Pending = work }, cancellationToken);

    /// <summary>Writes down the step that begins now.</summary>
    public async ValueTask<PendingWork> StepAsync(Guid machine, PendingWork work, string step, CancellationToken cancellationToken, Guid? point = null)
    {
        var next = work with { Step = step, Point = point ?? work.Point };
        await machines.UpdateAsync(machine, row => row.Pending?.Id == work.Id ? row with { Pending = next } : row, cancellationToken).ConfigureAwait(false);
        return next;
    }

    /// <summary>Ends work, together with the record of what became of it.</summary>
    public ValueTask<MachineRow> EndAsync(
        Guid machine, PendingWork work, RunRow run, Func<MachineRow, MachineRow> change, CancellationToken cancellationToken) => machines.UpdateAsync(
        machine,
        row => row.Pending?.Id == work.Id ? change(row) with { Pending = null } : row,
        cancellationToken,
        also: (_, batch) => batch.Add(new CatalogChange.PutRun(run)));

    /// <summary>The record of work that ended.</summary>
    public RunRow Record(Guid machine, PendingWork work, RecoveryReport? report, Exception? error) => new()
    {
        Uuid = work.Id,
        Machine = machine,
        Kind = KindOf(work.Kind),
        Started = work.Started,
        Ended = site.Now,
        Outcome = error switch { null => ErrorCode.None, DisasterToleranceException e => e.Code, _ => ErrorCode.Cancelled },
        Error = error?.Message ?? "",
        Report = report is null ? "{}" : JsonSerializer.Serialize(report, RecoveryJson.Default.RecoveryReport),
    };

    /// <summary>The row with another procedure, which holds since now if it changed.</summary>
    public MachineRow Shown(MachineRow row, Procedure procedure) => row.Procedure == procedure ? row : row with { Procedure = procedure, ProcedureSince = site.Now };

    /// <summary>What is shown when nothing is under way: also an owner that was just given up is normal, until the other site says more.</summary>
    public MachineRow Settled(MachineRow row) => Shown(
        row,
        row.Conflict is not null ? Procedure.Conflict : row.Takeover is not null && row.Ownership.Owner == site.Uuid ? Procedure.AwaitingConfirmation : Procedure.Normal);

    private static string KindOf(WorkKind kind) => kind switch
    {
        WorkKind.MigrateOut or WorkKind.MigrateIn => "migrate",
        WorkKind.Failover => "failover",
        WorkKind.Restore => "restore",
        WorkKind.Undo => "undo",
        _ => "yield",
    };
}
