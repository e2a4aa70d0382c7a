using DisasterTolerance.Links;
using DisasterTolerance.Plans;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>The flows of recovery as they are done at this site, each with its entry in the audit log. Thread-safe.</summary>
internal sealed class RecoveryFlows(
    RecoveryTools tools, AuditLog audit, MigrationRun migration, FailoverRun failover, RestoreRun restore, UndoRun undo, ConfirmRun confirm)
{
    public ValueTask<RecoveryReport> MigrateAsync(MigrationRequest request, Guid machine, CancellationToken cancellationToken) => audit.RecordAsync(
        request.Actor,
        "machine.migrate",
        machine.ToString(),
        () =>
        {
            DemandHost(request.Host);
            return tools.Background.RunAsync(token => migration.RunAsync(request, machine, token), cancellationToken);
        },
        Describe);

    /// <summary>In place where this site owns the machine, else as a failover.</summary>
    public ValueTask<RecoveryReport> RecoverAsync(RecoveryRequest request, WorkSubject subject, CancellationToken cancellationToken)
    {
        var isOurs = subject.Row.Ownership is { YieldedTo: null } ownership && ownership.Owner == tools.Site.Uuid;
        return audit.RecordAsync(
            request.Actor,
            isOurs ? "machine.restore" : "machine.failover",
            subject.Uuid.ToString(),
            () =>
            {
                DemandHost(request.Host);
                return tools.Background.RunAsync(token => isOurs ? restore.RunAsync(request, subject.Uuid, token) : failover.RunAsync(request, subject.Uuid, token), cancellationToken);
            },
            Describe);
    }

    public ValueTask<bool> ConfirmAsync(Guid machine, string actor, CancellationToken cancellationToken) => audit.RecordAsync(
        actor, "machine.confirm", machine.ToString(), () => confirm.RunAsync(machine, cancellationToken), changed => changed ? "confirmed" : "nothing to confirm any more");

    public ValueTask<RecoveryReport> UndoAsync(Guid machine, string actor, CancellationToken cancellationToken) => audit.RecordAsync(
        actor, "machine.undo", machine.ToString(), () => tools.Background.RunAsync(token => undo.RunAsync(machine, actor, token), cancellationToken), Describe);

    // It is written into the machine's row, and the other site takes no facts with longer texts.
    private static void DemandHost(string? host)
    {
        if (host?.Length > FactsRules.TextLength)
        {
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"The host '{PlanTexts.Shown(host)}…' to start on has {host.Length} characters, more than {FactsRules.TextLength}. Nothing was changed. Name a host of the hypervisor.");
        }
    }

    private string Describe(RecoveryReport report) =>
        $"point {report.PointName} at site '{tools.Site.NameOf(report.Site)}' in epoch {report.Epoch}, {report.WrittenBytes} bytes written";
}
