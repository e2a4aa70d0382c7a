using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// A planned migration at the destination, as the source asks for it. Both requests may come again.
/// <code>
///   PrepareAsync (disks written, machine registered, off)
///   TakeAsync ─▶ RestoreAsync (only if this process did not prepare) ─▶ OwnAsync ─▶ Arrival.StartAsync
///                  │ restoring                                            │ owned (point of no return)
///                  ▼
///               GiveUpAsync (also after a crash): the source asks again
/// </code>
/// </summary>
internal sealed class MigrationTarget(RecoveryTools tools, IDiskRestorer restorer, Arrival arrival) : IControlPart
{
    // What this process wrote last, by machine: a point that was prepared before a restart is compared once more rather than believed.
    private readonly ConcurrentDictionary<Guid, Guid> _prepared = new();
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<MigrationTarget>();

    public void Map(ControlDispatcher dispatcher)
    {
        dispatcher.Map(RecoveryMethods.MigratePrepare, PrepareAsync);
        dispatcher.Map(RecoveryMethods.MigrateTake, TakeAsync);
    }

    /// <summary>Gives up what was not owned yet. The caller holds the gate.</summary>
    public async ValueTask GiveUpAsync(WorkSubject subject, Exception cause, CancellationToken life)
    {
        var work = subject.Row.Pending!;
        Log.GivenUp(_log, subject.Row.Name, "taking a migration", cause.Message);
        await tools.Ownership.WithdrawAsync(subject.Row, life).ConfigureAwait(false);
        await tools.Book.EndAsync(
            subject.Uuid, work, tools.Book.Record(subject.Uuid, work, null, cause), row => tools.Book.Settled(row) with { LastError = $"Migration: {cause.Message}" }, life).ConfigureAwait(false);
    }

    private async ValueTask<PrepareAnswer> PrepareAsync(Guid peer, PrepareRequest request, CancellationToken cancellationToken)
    {
        await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        using var gate = await tools.Site.Gates.EnterAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        DemandReplica(subject);
        var point = await tools.Points.DemandAsync(subject.Row, request.Point, cancellationToken).ConfigureAwait(false);
        return new PrepareAnswer(await RestoreAsync(subject, point, cancellationToken).ConfigureAwait(false));
    }

    private ValueTask<TakeAnswer> TakeAsync(Guid peer, TakeRequest request, CancellationToken cancellationToken) =>
        tools.Background.RunAsync(token => TakeAsync(peer, request, token), cancellationToken);

    private async Task<TakeAnswer> TakeAsync(Guid peer, TakeRequest request, WorkToken token)
    {
        await tools.Peers.DemandSharedAsync(peer, request.Machine, token.Now).ConfigureAwait(false);
        using var gate = await tools.Site.Gates.EnterAsync(request.Machine, token.Now).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, token.Now).ConfigureAwait(false);
        if (request.Offer.Owner == peer && subject.Row.Ownership.Owner == tools.Site.Uuid && subject.Row.Ownership.Number == request.Offer.Number + 1)
        {
            return await AnswerAgainAsync(subject, token).ConfigureAwait(false);
        }

        DemandReplica(subject);
        var next = request.Offer.Owner == peer ? OwnershipRules.Accept(subject.Row.Ownership, request.Offer, tools.Site.Uuid, tools.Site.Now) : null;
        if (next is null)
        {
            throw new DisasterToleranceException(
                ErrorCode.Conflict, $"Site '{tools.Site.Name}' cannot take {subject.Label} over from epoch {request.Offer.Number}: it knows epoch {subject.Row.Ownership.Number}. The sites settle it when they meet.");
        }

        var point = await tools.Points.DemandAsync(subject.Row, request.Point, token.Now).ConfigureAwait(false);
        var work = tools.Book.New(WorkKind.MigrateIn, WorkSteps.Restoring, $"site '{tools.Site.NameOf(peer)}'", point.Uuid, request.Host);
        subject = subject with { Row = await tools.Book.BeginAsync(subject, work, Procedure.Recovering, token.Now).ConfigureAwait(false) };
        var (owned, written) = await OwnAsync(subject, next, point, token).ConfigureAwait(false);
        token.PassPointOfNoReturn();
        var report = tools.Points.Report(owned, work, point, written, null);
        return Answer(owned.Row, (await arrival.StartAsync(owned, report, token.Life).ConfigureAwait(false)).Error);
    }

    private async ValueTask<(WorkSubject Owned, long Written)> OwnAsync(WorkSubject subject, Ownership next, PointRow point, WorkToken token)
    {
        try
        {
            var written = _prepared.GetValueOrDefault(subject.Uuid) == point.Uuid ? 0 : await RestoreAsync(subject, point, token.Now).ConfigureAwait(false);
            token.Now.ThrowIfCancellationRequested();
            var row = await tools.Ownership.WriteAsync(
                subject.Row,
                next,
                "migration",
                m => m with
                {
                    Forks = [.. m.Forks, BranchRules.Fork(next.Number, point, m.LastSequence, m.Forks)],
                    Takeover = new Takeover(TakeoverKind.Migration, subject.Peer, point.Uuid, next.Began),
                    Pending = m.Pending! with { Step = WorkSteps.Owned },
                    NextRun = null,
                },
                token.Now).ConfigureAwait(false);
            _prepared.TryRemove(subject.Uuid, out _);
            return (subject with { Row = row }, written);
        }
        catch (Exception e) when (e is DisasterToleranceException || (e is OperationCanceledException && !token.Life.IsCancellationRequested))
        {
            await GiveUpAsync(subject with { Row = await tools.Machines.GetAsync(subject.Uuid, token.Life).ConfigureAwait(false) }, e, token.Life).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The answer was lost, or this site was restarted before the machine was started.</summary>
    private async ValueTask<TakeAnswer> AnswerAgainAsync(WorkSubject subject, WorkToken token)
    {
        token.PassPointOfNoReturn();
        return Answer(
            subject.Row, subject.Row.Pending is { Kind: WorkKind.MigrateIn, Step: WorkSteps.Owned } ? (await arrival.StartAsync(subject, null, token.Life).ConfigureAwait(false)).Error : null);
    }

    private async ValueTask<long> RestoreAsync(WorkSubject subject, PointRow point, CancellationToken cancellationToken)
    {
        _prepared.TryRemove(subject.Uuid, out _);
        PeerMachines.DemandOff(subject, await tools.Power.GetAsync(subject, cancellationToken).ConfigureAwait(false));
        var manifest = await tools.Manifests.ReadManifestAsync(point, cancellationToken).ConfigureAwait(false);
        var written = await restorer.RestoreAsync(subject.Plan, subject.Row, manifest, cancellationToken).ConfigureAwait(false);
        _prepared[subject.Uuid] = point.Uuid;
        return written;
    }

    private void DemandReplica(WorkSubject subject)
    {
        var row = subject.Row;
        if (row.Conflict is not null || row.Pending is not null || row.Ownership.Owner != subject.Peer)
        {
            throw new DisasterToleranceException(
                ErrorCode.Conflict,
                $"Site '{tools.Site.Name}' cannot take {subject.Label} now: {(row.Conflict is not null ? "its owner is in conflict" : row.Pending is { } work ? $"a {work.Kind} is under way" : "it owns the machine itself")}. Try again when that is over.",
                isTransient: row.Pending is not null);
        }

        if (BootRules.MayUseDisks(row, "taken over") is { } refusal)
        {
            throw refusal.ToException();
        }
    }

    private static TakeAnswer Answer(MachineRow row, DisasterToleranceException? error) => new(row.Ownership, error?.Message ?? "", error?.Code ?? ErrorCode.None);
}
