using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Answers what the other site of a plan asks about a machine's power, and does what it passes on from people. Requests that are passed on are done here or refused, never passed on again; a link that falls meanwhile ends none
/// of them. The steps of
/// hand-overs and conflicts are answered by <see cref="MigrationTarget"/>, <see cref="UndoTarget"/> and <see cref="ConflictResolution"/>.
/// </summary>
internal sealed class RecoveryControl(RecoveryTools tools, RecoveryFlows flows, AuditLog audit, ForwardPolicy policy) : IControlPart
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<RecoveryControl>();

    public void Map(ControlDispatcher dispatcher)
    {
        dispatcher.Map(RecoveryMethods.Power, PowerAsync);
        dispatcher.Map(RecoveryMethods.Stop, StopAsync);
        dispatcher.Map(RecoveryMethods.Migrate, MigrateAsync);
        dispatcher.Map(RecoveryMethods.Confirm, ConfirmAsync);
        dispatcher.Map(RecoveryMethods.Undo, UndoAsync);
    }

    private async ValueTask<PowerAnswer> PowerAsync(Guid peer, MachineQuestion request, CancellationToken cancellationToken)
    {
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        return new PowerAnswer(await tools.Power.GetAsync(subject, cancellationToken).ConfigureAwait(false), subject.Row.Ownership);
    }

    // Without the machine's gate: a failover by force must not wait for a capture or a migration that hangs.
    private async ValueTask<StopAnswer> StopAsync(Guid peer, MachineQuestion request, CancellationToken cancellationToken)
    {
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        Log.StopAsked(_log, tools.Site.NameOf(peer), subject.Row.Name);
        return await audit.RecordAsync(
            $"site '{tools.Site.NameOf(peer)}'",
            "machine.stop",
            subject.Uuid.ToString(),
            async () => new StopAnswer(
                await tools.Power.FindAsync(subject, cancellationToken).ConfigureAwait(false) is null ? ShutdownResult.WasOff : await tools.Power.StopAsync(subject, cancellationToken).ConfigureAwait(false)),
            answer => answer.Result.ToString()).ConfigureAwait(false);
    }

    private async ValueTask<RecoveryReport> MigrateAsync(Guid peer, MigrationRequest request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Migrations);
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        var mine = request with { Actor = tools.Site.ActorOf(request.Actor, peer) };
        return await tools.Background.OutliveAsync(life => flows.MigrateAsync(mine, subject.Uuid, life), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<Finished> ConfirmAsync(Guid peer, PassedOn request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Migrations);
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        await tools.Background.OutliveAsync(life => flows.ConfirmAsync(subject.Uuid, tools.Site.ActorOf(request.Actor, peer), life), cancellationToken).ConfigureAwait(false);
        return new Finished(subject.Uuid);
    }

    private async ValueTask<RecoveryReport> UndoAsync(Guid peer, PassedOn request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Migrations);
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        return await tools.Background.OutliveAsync(life => flows.UndoAsync(subject.Uuid, tools.Site.ActorOf(request.Actor, peer), life), cancellationToken).ConfigureAwait(false);
    }
}
