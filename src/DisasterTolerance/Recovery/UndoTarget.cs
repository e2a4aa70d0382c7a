using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>
/// The undo of a migration at the site that the machine came from: its registered machine and its disks were left as they were, so it is only started again. Both requests may come again.
/// <code>
///   PrepareAsync (nothing is changed)
///   TakeAsync ─▶ OwnAsync ─▶ Arrival.StartAsync
///                  │ owned (point of no return)
/// </code>
/// </summary>
internal sealed class UndoTarget(RecoveryTools tools, Arrival arrival) : IControlPart
{
    public void Map(ControlDispatcher dispatcher)
    {
        dispatcher.Map(RecoveryMethods.UndoPrepare, PrepareAsync);
        dispatcher.Map(RecoveryMethods.UndoTake, TakeAsync);
    }

    private async ValueTask<PrepareAnswer> PrepareAsync(Guid peer, PrepareRequest request, CancellationToken cancellationToken)
    {
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        DemandGiven(subject);
        await DemandUnchangedAsync(subject, cancellationToken).ConfigureAwait(false);
        await FindBaseAsync(subject, request.Point, cancellationToken).ConfigureAwait(false);
        return new PrepareAnswer(0);
    }

    private ValueTask<TakeAnswer> TakeAsync(Guid peer, TakeRequest request, CancellationToken cancellationToken) =>
        tools.Background.RunAsync(token => TakeAsync(peer, request, token), cancellationToken);

    private async Task<TakeAnswer> TakeAsync(Guid peer, TakeRequest request, WorkToken token)
    {
        await tools.Peers.DemandSharedAsync(peer, request.Machine, token.Now).ConfigureAwait(false);
        using var gate = await tools.Site.Gates.EnterAsync(request.Machine, token.Now).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.DemandSharedAsync(peer, request.Machine, token.Now).ConfigureAwait(false);
        var own = subject.Row.Ownership;
        if (request.Offer.Owner == peer && own.Owner == tools.Site.Uuid && own.Number == request.Offer.Number + 1)
        {
            token.PassPointOfNoReturn();
            return Answer(subject.Row, IsArriving(subject.Row) ? (await arrival.StartAsync(subject, null, token.Life).ConfigureAwait(false)).Error : null);
        }

        DemandGiven(subject);
        var owned = await OwnAsync(subject, peer, request, token.Now).ConfigureAwait(false);
        token.PassPointOfNoReturn();
        return Answer(owned.Row, (await arrival.StartAsync(owned, null, token.Life).ConfigureAwait(false)).Error);
    }

    private async ValueTask<WorkSubject> OwnAsync(WorkSubject subject, Guid peer, TakeRequest request, CancellationToken cancellationToken)
    {
        // A site that handed the machine over and never heard that it was taken hears it by this.
        var own = subject.Row.Ownership;
        var view = own.YieldedTo == peer && request.Offer.Number > own.Number ? request.Offer : own;
        var next = request.Offer.Owner == peer ? OwnershipRules.Accept(view, request.Offer, tools.Site.Uuid, tools.Site.Now) : null;
        if (next is null)
        {
            throw new DisasterToleranceException(
                ErrorCode.Conflict, $"Site '{tools.Site.Name}' cannot take {subject.Label} back from epoch {request.Offer.Number}: it knows epoch {own.Number}. The sites settle it when they meet.");
        }

        var basis = await FindBaseAsync(subject, request.Point, cancellationToken).ConfigureAwait(false);
        var work = tools.Book.New(WorkKind.MigrateIn, WorkSteps.Restoring, $"site '{tools.Site.NameOf(peer)}'", basis.Uuid);
        var begun = await tools.Book.BeginAsync(subject, work, Procedure.Recovering, cancellationToken).ConfigureAwait(false);
        try
        {
            var stored = await tools.Ownership.WriteAsync(
                begun,
                next,
                "undo of a migration",
                row => row with
                {
                    Forks = [.. row.Forks, BranchRules.Fork(next.Number, basis, row.LastSequence, row.Forks)],
                    Takeover = null,
                    Pending = work with { Step = WorkSteps.Owned },
                    NextRun = null,
                },
                cancellationToken).ConfigureAwait(false);
            return subject with { Row = stored };
        }
        catch (Exception e) when (e is DisasterToleranceException or OperationCanceledException)
        {
            // Nothing was written: the row is what it was, and the other site asks again.
            await tools.Ownership.WithdrawAsync(subject.Row, tools.Background.Life).ConfigureAwait(false);
            await tools.Machines.UpdateAsync(
                subject.Uuid, row => tools.Book.Shown(row, subject.Row.Procedure) with { Pending = subject.Row.Pending }, tools.Background.Life).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask DemandUnchangedAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        var info = await tools.Power.FindAsync(subject, cancellationToken).ConfigureAwait(false)
            ?? throw new HypervisorException(
                ErrorCode.MachineNotFound, subject.Local, $"Hypervisor '{subject.Plan.Type}' of site '{tools.Site.Name}' does not know {subject.Label} as machine {subject.Local} any more. Migrate the machine back instead.");
        PeerMachines.DemandOff(subject, info.Power);
    }

    private async ValueTask<PointRow> FindBaseAsync(WorkSubject subject, Guid point, CancellationToken cancellationToken)
    {
        var found = await tools.Site.Catalog.FindPointAsync(point, tools.Site.Uuid, cancellationToken).ConfigureAwait(false)
            ?? await tools.Site.Catalog.FindPointAsync(point, subject.Peer, cancellationToken).ConfigureAwait(false);
        return found is not null && found.Machine == subject.Uuid
            ? found
            : throw new DisasterToleranceException(
                ErrorCode.NoRecoveryPoint, $"Site '{tools.Site.Name}' does not know the point {point} that {subject.Label} was migrated with. Migrate the machine back instead.");
    }

    private void DemandGiven(WorkSubject subject)
    {
        var row = subject.Row;
        var isOpenHandOver = row.Ownership.YieldedTo == subject.Peer && row.Pending is null or { Kind: WorkKind.MigrateOut, Step: WorkSteps.Yielded };
        if (row.Conflict is not null || !(isOpenHandOver || (row.Ownership.Owner == subject.Peer && row.Pending is null)))
        {
            throw new DisasterToleranceException(
                ErrorCode.Conflict, $"Site '{tools.Site.Name}' cannot take {subject.Label} back now: {(row.Conflict is not null ? "its owner is in conflict" : row.Pending is { } work ? $"a {work.Kind} is under way" : "it owns the machine itself")}. Try again when that is over.", isTransient: row.Pending is not null);
        }
    }

    private static bool IsArriving(MachineRow row) => row.Pending is { Kind: WorkKind.MigrateIn, Step: WorkSteps.Owned };

    private static TakeAnswer Answer(MachineRow row, DisasterToleranceException? error) => new(row.Ownership, error?.Message ?? "", error?.Code ?? ErrorCode.None);
}
