using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Scheduling;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Ends a conflict by a named choice. The winner writes first; the loser keeps its last state and follows. Whatever is cut after the winner wrote is made good when the sites meet.
/// <code>
///   ResolveAsync, named site here:   WinAsync ─▶ (peer) YieldAsync
///   ResolveAsync, named site there:  (peer) WinAsync ─▶ YieldAsync
/// </code>
/// </summary>
internal sealed class ConflictResolution(RecoveryTools tools, IOwnershipMeeting meeting) : IControlPart
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<ConflictResolution>();

    public void Map(ControlDispatcher dispatcher)
    {
        dispatcher.Map(RecoveryMethods.ConflictWin, WinAsync);
        dispatcher.Map(RecoveryMethods.ConflictYield, YieldAsync);
    }

    /// <summary>Names the owner, asked at either site.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="winner">The site whose branch goes on.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask ResolveAsync(Guid machine, Guid winner, string actor, CancellationToken cancellationToken)
    {
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        if (RecoveryRules.MayResolve(subject.Row, winner) is { } refusal)
        {
            throw refusal.ToException();
        }

        if (!tools.Peers.IsUp(subject.Peer))
        {
            throw new DisasterToleranceException(
                ErrorCode.PeerUnreachable, $"The conflict of {subject.Label} cannot be ended, because site '{tools.Site.NameOf(subject.Peer)}' does not answer: repair the link first.", isTransient: true);
        }

        if (winner != tools.Site.Uuid)
        {
            var won = await tools.Peers.CallAsync(subject.Peer, RecoveryMethods.ConflictWin, new WinRequest(machine, actor), cancellationToken).ConfigureAwait(false);
            await FollowAsync(subject, won.Ownership, cancellationToken).ConfigureAwait(false);
            return;
        }

        var ownership = await WinAsync(machine, cancellationToken).ConfigureAwait(false);
        try
        {
            await tools.Peers.CallAsync(subject.Peer, RecoveryMethods.ConflictYield, new OwnershipNews(machine, ownership), cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.LoserWaits(_log, tools.Site.NameOf(subject.Peer), subject.Row.Name, e.Message);
        }
    }

    private async ValueTask<OwnershipNews> WinAsync(Guid peer, WinRequest request, CancellationToken cancellationToken)
    {
        await tools.Peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        return new OwnershipNews(request.Machine, await WinAsync(request.Machine, cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<Finished> YieldAsync(Guid peer, OwnershipNews news, CancellationToken cancellationToken)
    {
        var subject = await tools.Peers.DemandSharedAsync(peer, news.Machine, cancellationToken).ConfigureAwait(false);
        await FollowAsync(subject, news.Ownership, cancellationToken).ConfigureAwait(false);
        return new Finished(news.Machine);
    }

    /// <summary>Only what the rules of a meeting allow: a peer cannot take a machine away by calling it a choice.</summary>
    private ValueTask FollowAsync(WorkSubject subject, Ownership ownership, CancellationToken cancellationToken) =>
        meeting.MeetAsync(subject.Peer, subject.Row with { Ownership = ownership, Conflict = null, Forks = [] }, null, cancellationToken);

    private async ValueTask<Ownership> WinAsync(Guid machine, CancellationToken cancellationToken)
    {
        using var gate = await tools.Site.Gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        var row = subject.Row;
        if (row is { Conflict: null, Ownership.Named: true } && row.Ownership.Owner == tools.Site.Uuid)
        {
            // The answer to the first request was lost.
            return row.Ownership;
        }

        if (RecoveryRules.MayResolve(row, tools.Site.Uuid) is { } refusal)
        {
            throw refusal.ToException();
        }

        var next = OwnershipRules.Resolve(row.Ownership, row.Conflict!, tools.Site.Uuid, tools.Site.Now);
        var own = await tools.Manifests.ListOwnAsync(machine, cancellationToken).ConfigureAwait(false);
        var theirs = await tools.Manifests.ListAsync(machine, subject.Peer, cancellationToken).ConfigureAwait(false);
        var fork = BranchRules.Resolution(next.Number, BranchRules.NewestCommon(own, theirs, row.Forks), row.LastSequence, subject.Peer);
        await tools.Ownership.WriteAsync(
            row,
            next,
            "named as the owner to end a conflict",
            m => tools.Book.Settled(m with { Conflict = null, Ownership = next }) with
            {
                Forks = [.. m.Forks, fork],

                // The other site ran the machine meanwhile, so its disks are not those of the hand-over any more: no undo may start them.
                Takeover = m.Takeover is { Kind: TakeoverKind.Migration } takeover ? takeover with { Kind = TakeoverKind.Failover } : m.Takeover,
                NextRun = ScheduleRules.First(subject.Plan, m.Paused, tools.Site.Now),
            },
            cancellationToken).ConfigureAwait(false);
        return next;
    }
}
