using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scheduling;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>Does what <see cref="MeetRules"/> decides when the sites compare their views. What needs nothing to be done is settled without waiting for the machine's other work.</summary>
internal sealed class OwnershipMeeting(RecoveryTools tools, YieldRun yielding, HandOver handOver, UnfinishedWork unfinished) : IOwnershipMeeting
{
    // Several heartbeats: until then a link that has just come up knows the peer's clock.
    private static readonly TimeSpan SkewPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SkewPoll = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan UnknownRoundTrip = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = tools.Site.Logs.CreateLogger<OwnershipMeeting>();

    public ValueTask ResumeAsync(CancellationToken cancellationToken) => unfinished.ResumeAsync(cancellationToken);

    public async ValueTask MeetAsync(Guid peer, MachineRow peerView, TimeSpan? clockSkew, CancellationToken cancellationToken)
    {
        var row = await tools.Machines.GetAsync(peerView.Uuid, cancellationToken).ConfigureAwait(false);
        switch (Foresee(row, ViewOf(peer, peerView)))
        {
            case MeetDecision.Agreed or MeetDecision.Ahead or MeetDecision.InConflict when row.Pending is not { Kind: WorkKind.Yield }:
                return;
            case MeetDecision.AwaitAcceptance:
                handOver.Continue(row.Uuid);
                return;
        }

        using var gate = await tools.Site.Gates.EnterAsync(row.Uuid, cancellationToken).ConfigureAwait(false);
        var subject = await tools.Peers.FindAsync(row.Uuid, cancellationToken).ConfigureAwait(false);
        if (subject.Peer != peer || subject.Row.Removed is not null || subject.Plan.Deleted is not null)
        {
            return;
        }

        try
        {
            await SettleAsync(subject, peerView, clockSkew, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (e.Code != ErrorCode.Unsure)
        {
            await ShowAsync(subject, e, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A site that cannot give the machine up may have it running still, so that is shown until a later meeting brings it to an end, and told once per cause.</summary>
    private async ValueTask ShowAsync(WorkSubject subject, DisasterToleranceException cause, CancellationToken cancellationToken)
    {
        var (error, isNew) = ("", false);
        try
        {
            await tools.Machines.UpdateAsync(
                subject.Uuid,
                row =>
                {
                    error = $"The other site has taken {subject.Label} over, and this one cannot become its replica yet: {cause.Message} It is tried again.{HintOf(row)}";
                    isNew = row.Pending is { Kind: WorkKind.Yield } && (row.Procedure != Procedure.Failed || row.LastError != error);
                    return isNew ? tools.Book.Shown(row, Procedure.Failed) with { LastError = error } : row;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            // The cause itself must not be lost for it.
            Log.NotShown(_log, subject.Row.Name, e);
        }

        if (isNew)
        {
            tools.Site.Events.Publish(SiteEventKind.RunFailed, error, subject.Uuid, subject.Plan.Uuid);
        }
    }

    // What is not decided yet is not to be decided by a hint.
    private static string HintOf(MachineRow row) => row.Pending?.Step == WorkSteps.Keeping ? " If the machine still runs here, shut it down." : "";

    private async ValueTask SettleAsync(WorkSubject subject, MachineRow peerView, TimeSpan? clockSkew, CancellationToken cancellationToken)
    {
        var (own, theirs) = (ViewOf(tools.Site.Uuid, subject.Row), ViewOf(subject.Peer, peerView));
        var facts = MeetRules.NeedsFacts(own, theirs)
            ? await ReadFactsAsync(subject, clockSkew, cancellationToken).ConfigureAwait(false)
            : new LocalFacts(PowerState.Unknown, null, null, tools.Site.Options.FenceOnYield);
        var decision = GoOnYielding(subject, theirs.Ownership, facts) ?? MeetRules.Meet(own, theirs, facts, tools.Site.Now);
        switch (decision)
        {
            case MeetDecision.Adopt adopt:
                await AdoptAsync(subject, adopt.Ownership, peerView, cancellationToken).ConfigureAwait(false);
                break;
            case MeetDecision.Yield yield:
                await yielding.RunAsync(subject, yield.Ownership, yield.Stop, cancellationToken).ConfigureAwait(false);
                break;
            case MeetDecision.Declare declare:
                await DeclareAsync(subject, declare.Conflict, cancellationToken).ConfigureAwait(false);
                break;
            case MeetDecision.Offered offered:
                await tools.Ownership.WriteAsync(subject.Row, offered.Ownership, "offered by the other site", m => m, cancellationToken).ConfigureAwait(false);
                break;
            case MeetDecision.AwaitAcceptance:
                handOver.Continue(subject.Uuid);
                break;
            case MeetDecision.Wait wait:
                await WaitAsync(subject, wait.Because, cancellationToken).ConfigureAwait(false);
                break;
            default:
                await tools.Machines.UpdateAsync(subject.Uuid, WithoutWaiting, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private MeetDecision? Foresee(MachineRow row, OwnershipView theirs)
    {
        var own = ViewOf(tools.Site.Uuid, row);
        return MeetRules.NeedsFacts(own, theirs) ? null : MeetRules.Meet(own, theirs, new LocalFacts(PowerState.Unknown, null, null, false), tools.Site.Now);
    }

    /// <summary>A site that has begun to yield captured its last state after the other one took over. That is no reason for a conflict.</summary>
    private static MeetDecision.Yield? GoOnYielding(WorkSubject subject, Ownership theirs, LocalFacts facts)
    {
        var hasBegun = subject.Row.Pending is { Kind: WorkKind.Yield, Step: WorkSteps.Keeping } && theirs.Owner == subject.Peer && theirs.Number > subject.Row.Ownership.Number;
        var mayStop = theirs.Named || facts.FenceOnYield;
        return hasBegun && (facts.Power == PowerState.Off || mayStop) ? new MeetDecision.Yield(theirs, mayStop) : null;
    }

    private async ValueTask AdoptAsync(WorkSubject subject, Ownership next, MachineRow peerView, CancellationToken cancellationToken)
    {
        if (HandOver.IsOpen(subject.Row, tools.Site.Uuid) && next.Owner == subject.Peer)
        {
            await handOver.AdoptAsync(subject, next, null, null, cancellationToken).ConfigureAwait(false);
            return;
        }

        var isOurs = next.Owner == tools.Site.Uuid;
        await tools.Ownership.WriteAsync(
            subject.Row,
            next,
            isOurs ? "named as the owner" : "heard from the other site",
            row =>
            {
                // A site that hears from the other one that it is the owner lost that knowledge, and the branch with it.
                var heard = WithoutWaiting(row) with
                {
                    Conflict = null,
                    Takeover = isOurs ? row.Takeover : null,
                    Forks = isOurs && peerView.Forks.Count > row.Forks.Count ? peerView.Forks : row.Forks,
                    Ownership = next,
                    NextRun = isOurs && next.YieldedTo is null ? ScheduleRules.First(subject.Plan, row.Paused, tools.Site.Now) : null,
                };
                return heard.Pending is null ? tools.Book.Settled(heard) : heard;
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask DeclareAsync(WorkSubject subject, OwnershipConflict conflict, CancellationToken cancellationToken)
    {
        var stored = await tools.Machines.UpdateAsync(
            subject.Uuid, row => tools.Book.Shown(WithoutWaiting(row), Procedure.Conflict) with { Conflict = conflict, NextRun = null }, cancellationToken).ConfigureAwait(false);
        Log.ConflictDeclared(_log, stored.Name, conflict.Because);
        tools.Site.Events.Publish(
            SiteEventKind.Conflict, $"Both sites own machine '{stored.Name}': {conflict.Because}. Nothing was stopped. Name the site whose branch goes on.", stored.Uuid, stored.Plan);
    }

    private async ValueTask WaitAsync(WorkSubject subject, string because, CancellationToken cancellationToken)
    {
        Log.Undecided(_log, subject.Row.Name, because);
        if (subject.Row.Pending is not { Kind: WorkKind.Yield })
        {
            var work = tools.Book.New(WorkKind.Yield, WorkSteps.Waiting, $"site '{tools.Site.NameOf(subject.Peer)}'");
            await tools.Machines.UpdateAsync(subject.Uuid, row => row with { Pending = work, NextRun = null }, cancellationToken).ConfigureAwait(false);
        }

        throw new DisasterToleranceException(ErrorCode.HypervisorFailed, $"Who owns {subject.Label} cannot be decided yet. {because} It is looked at again when the sites meet.", isTransient: true);
    }

    private async ValueTask<LocalFacts> ReadFactsAsync(WorkSubject subject, TimeSpan? clockSkew, CancellationToken cancellationToken)
    {
        var power = PowerState.Unknown;
        try
        {
            power = await tools.Power.GetAsync(subject, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.Undecided(_log, subject.Row.Name, e.Message);
        }

        // After a hand-over this site captures nothing any more, so whatever the peer lacks was captured before.
        var newest = subject.Row.Ownership.YieldedTo == subject.Peer ? null : await FindUnshippedAsync(subject, cancellationToken).ConfigureAwait(false);
        var skew = newest is null ? null : await ReadSkewAsync(subject.Peer, clockSkew, cancellationToken).ConfigureAwait(false);
        return new LocalFacts(power, newest, skew, tools.Site.Options.FenceOnYield);
    }

    private async ValueTask<DateTimeOffset?> FindUnshippedAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        var held = (await tools.Manifests.ListAsync(subject.Uuid, subject.Peer, cancellationToken, includeRemoved: true).ConfigureAwait(false)).Select(p => p.Uuid).ToHashSet();
        var own = await tools.Manifests.ListAsync(subject.Uuid, tools.Site.Uuid, cancellationToken, includeRemoved: true).ConfigureAwait(false);
        return own
            .Where(p => p.Origin == tools.Site.Uuid && p.Epoch == subject.Row.Ownership.Number && p.Kind != PointKind.Residual && !held.Contains(p.Uuid))
            .Max(p => (DateTimeOffset?)p.Began);
    }

    private async ValueTask<ClockSkew?> ReadSkewAsync(Guid peer, TimeSpan? known, CancellationToken cancellationToken)
    {
        var link = tools.Site.Links.Find(peer);
        var since = tools.Site.Clock.GetTimestamp();
        while (known is null && link?.State.IsUp == true && tools.Site.Clock.GetElapsedTime(since) < SkewPatience)
        {
            await Task.Delay(SkewPoll, tools.Site.Clock, cancellationToken).ConfigureAwait(false);
            known = link.State.ClockSkew;
        }

        return known is { } ahead ? new ClockSkew(ahead, (link?.State.RoundTrip ?? UnknownRoundTrip) / 2) : null;
    }

    private MachineRow WithoutWaiting(MachineRow row) =>
        row.Pending is { Kind: WorkKind.Yield } ? tools.Book.Settled(row with { Pending = null }) with { LastError = "" } : row;

    private static OwnershipView ViewOf(Guid site, MachineRow row) => new(site, row.Ownership, row.Conflict);
}
