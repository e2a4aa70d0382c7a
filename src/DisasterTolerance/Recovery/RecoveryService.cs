using DisasterTolerance.Links;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>The public face of recovery. What only the owner can do is passed on to it, one hop at the most.</summary>
internal sealed class RecoveryService(RecoveryTools tools, RecoveryFlows flows, RecoveryBatch batch, RecoveryForwarding forwarding, ConflictResolution conflicts, DiskExport export, ICatalogRepair repair, AuditLog audit) : IRecoveryService
{
    public async ValueTask<RecoveryReport> MigrateAsync(MigrationRequest request, CancellationToken cancellationToken = default)
    {
        var subject = await tools.Peers.FindAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        return IsElsewhere(subject)
            ? await PassOnAsync(subject, RecoveryMethods.Migrate, request with { Machine = subject.Uuid }, request.Actor, "machine.migrate", cancellationToken).ConfigureAwait(false)
            : await flows.MigrateAsync(request, subject.Uuid, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<RecoveryReport> RecoverAsync(RecoveryRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (forwarding.IsElsewhere(request))
        {
            var outcome = (await forwarding.RunAsync([request], cancellationToken).ConfigureAwait(false))[0];
            return outcome.Report ?? throw outcome.Error!;
        }

        var subject = await tools.Peers.FindAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        return await flows.RecoverAsync(request, subject, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<RecoveryOutcome>> RecoverManyAsync(IReadOnlyList<RecoveryRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        var elsewhere = forwarding.RunAsync([.. requests.Where(forwarding.IsElsewhere)], cancellationToken).AsTask();
        var here = batch.RunAsync([.. requests.Where(request => !forwarding.IsElsewhere(request))], cancellationToken).AsTask();
        await Task.WhenAll(here, elsewhere).ConfigureAwait(false);
        var (ours, theirs) = (new Queue<RecoveryOutcome>(await here.ConfigureAwait(false)), new Queue<RecoveryOutcome>(await elsewhere.ConfigureAwait(false)));
        return [.. requests.Select(request => (forwarding.IsElsewhere(request) ? theirs : ours).Dequeue())];
    }

    public async ValueTask ConfirmAsync(Guid machine, string actor, CancellationToken cancellationToken = default)
    {
        var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        if (IsElsewhere(subject))
        {
            await PassOnAsync(subject, RecoveryMethods.Confirm, new PassedOn(subject.Uuid, actor), actor, "machine.confirm", cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await flows.ConfirmAsync(subject.Uuid, actor, cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask<RecoveryReport> UndoAsync(Guid machine, string actor, CancellationToken cancellationToken = default)
    {
        var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        return IsElsewhere(subject)
            ? await PassOnAsync(subject, RecoveryMethods.Undo, new PassedOn(subject.Uuid, actor), actor, "machine.undo", cancellationToken).ConfigureAwait(false)
            : await flows.UndoAsync(subject.Uuid, actor, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask ResolveConflictAsync(Guid machine, Guid winner, string actor, CancellationToken cancellationToken = default)
    {
        var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        await audit.RecordAsync(
            actor,
            "machine.resolve",
            subject.Uuid.ToString(),
            async () =>
            {
                await conflicts.ResolveAsync(subject.Uuid, winner, actor, cancellationToken).ConfigureAwait(false);
                return winner;
            },
            named => $"site '{tools.Site.NameOf(named)}' was named as the owner").ConfigureAwait(false);
    }

    public async ValueTask AssumeOwnerAsync(string actor, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var site = tools.Site;
        await audit.RecordAsync(
            actor,
            "site.assume",
            site.Uuid.ToString(),
            () => AssumeAsync(cancellationToken),
            outcome => outcome.Ended ? $"the site trusts its catalog again, although {outcome.Doubt}" : "the site had no doubt").ConfigureAwait(false);
        site.Events.Publish(SiteEventKind.Unsure, $"Site '{site.Name}' trusts its catalog, because {actor} said so.");
    }

    public async ValueTask ExportDiskAsync(Guid machine, string point, string disk, Stream destination, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        await export.RunAsync(subject, point, disk, destination, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<(string Doubt, bool Ended)> AssumeAsync(CancellationToken cancellationToken)
    {
        var doubt = tools.Site.Certainty.Because;
        if (doubt.Length > 0)
        {
            await repair.RunAsync(cancellationToken).ConfigureAwait(false);
        }

        return (doubt, tools.Site.Certainty.Assume());
    }

    private bool IsElsewhere(WorkSubject subject) => subject.Row.Ownership.Owner != tools.Site.Uuid;

    private ValueTask<TResponse> PassOnAsync<TRequest, TResponse>(
        WorkSubject subject, ControlMethod<TRequest, TResponse> method, TRequest request, string actor, string action, CancellationToken cancellationToken) => audit.RecordAsync(
        actor,
        action,
        subject.Uuid.ToString(),
        () => tools.Peers.PassOnAsync(subject.Peer, method, request, cancellationToken),
        _ => $"done at the owner, site '{tools.Site.NameOf(subject.Peer)}'");
}
