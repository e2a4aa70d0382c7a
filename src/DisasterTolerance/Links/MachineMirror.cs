using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>
/// Takes a peer's facts of one machine: fetch → judge → settle the ownership → store the peer's points and, where the peer owns the machine, what its owner says. One call at a time per machine.
/// </summary>
internal sealed class MachineMirror(SiteContext site, FactsClient client, MachineDirectory machines, PointDirectory points, IOwnershipMeeting meeting)
{
    private const int Attempts = 100;
    private const int RowsPerCommit = 1000;

    private readonly ILogger _log = site.Logs.CreateLogger<MachineMirror>();

    /// <returns>Whether there is nothing left to do; false: try again later.</returns>
    public async Task<bool> PullAsync(IPeerLink link, Guid machine, CancellationToken cancellationToken)
    {
        try
        {
            await PullWholeAsync(link, machine, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was, only this machine waits for the next try.
            Log.PullFailed(_log, machine, link.PeerName, e);

            // What waits for certainty is no reason to stay uncertain: the facts were heard, and are heard again once the site is sure.
            return e is DisasterToleranceException { Code: ErrorCode.Unsure };
        }
    }

    private async Task PullWholeAsync(IPeerLink link, Guid machine, CancellationToken cancellationToken)
    {
        if (await site.Catalog.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false) is not { } own
            || await site.Catalog.FindPlanAsync(own.Plan, cancellationToken).ConfigureAwait(false) is not { } plan
            || site.PeerOf(plan) != link.Peer
            || await client.FindMachineAsync(link, machine, own.PeerCatalog, own.PeerFactsVersion, cancellationToken).ConfigureAwait(false) is not { } theirs)
        {
            return;
        }

        if (FactsRules.Check(theirs, own, plan, link.Peer) is { } fault)
        {
            Log.FactsRefused(_log, machine, link.PeerName, fault);
            return;
        }

        await meeting.MeetAsync(link.Peer, theirs.Row, link.State.ClockSkew, cancellationToken).ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await StoreAsync(theirs, plan, link.Peer, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (DisasterToleranceException e) when (e.Code == ErrorCode.CatalogConflict && attempt < Attempts)
            {
                // A run or a shipment changed one of the rows meanwhile: all are read again.
            }
        }
    }

    /// <summary>Points in several commits if there are many; the machine's row, which says how much was heard, in the last.</summary>
    private async ValueTask StoreAsync(MachineFacts theirs, PlanRow plan, Guid peer, CancellationToken cancellationToken)
    {
        var known = (await points.ListAsync(theirs.Row.Uuid, peer, cancellationToken, includeRemoved: true).ConfigureAwait(false)).ToDictionary(point => point.Uuid);
        var changes = new List<CatalogChange>();
        foreach (var point in theirs.Points)
        {
            var stored = point with { ChangeTokens = new Dictionary<string, string>(), RowVersion = known.GetValueOrDefault(point.Uuid)?.RowVersion ?? 0 };
            known.Remove(point.Uuid);
            changes.Add(new CatalogChange.PutPoint(stored));
        }

        if (theirs.Full)
        {
            // What a complete list leaves out is not there (any more). What the peer let go on purpose stays remembered, so that it is not shipped again.
            changes.AddRange(known.Values.Where(point => point.Removed is null).Select(point => new CatalogChange.DeletePoint(point.Uuid, peer)));
        }

        foreach (var part in changes.Chunk(RowsPerCommit).SkipLast(1))
        {
            await CommitAsync(part, null, cancellationToken).ConfigureAwait(false);
        }

        var row = await machines.GetAsync(theirs.Row.Uuid, cancellationToken).ConfigureAwait(false);
        await CommitAsync(changes.Chunk(RowsPerCommit).LastOrDefault([]), Mirror(row, theirs, plan, peer), cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask CommitAsync(IEnumerable<CatalogChange> changes, MachineRow? row, CancellationToken cancellationToken)
    {
        var batch = new CatalogBatch();
        foreach (var change in changes)
        {
            batch.Add(change);
        }

        if (row is not null)
        {
            batch.Add(new CatalogChange.PutMachine(row));
        }

        await site.Catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The row with what the peer said. This site's own facts are never touched, so its facts version stays.</summary>
    private MachineRow Mirror(MachineRow row, MachineFacts theirs, PlanRow plan, Guid peer)
    {
        var said = theirs.Row;
        var heard = row with
        {
            Peer = said.Own with { Learnt = site.Now },
            PeerFactsVersion = said.FactsVersion,
            PeerCatalog = theirs.Catalog,
            LastSequence = Math.Max(row.LastSequence, said.LastSequence),
            ChunkSize = row.ChunkSize == 0 ? said.ChunkSize : row.ChunkSize,
            FanOut = row.ChunkSize == 0 ? said.FanOut : row.FanOut,
        };
        if (row.Ownership.Owner != peer || said.Ownership.Owner != peer || plan.Deleted is not null)
        {
            return heard;
        }

        heard = heard with
        {
            Guest = said.Guest,
            LastRunStarted = said.LastRunStarted,
            LastRunDuration = said.LastRunDuration,
            LastError = said.LastError,
            DeltaBytes = said.DeltaBytes,
            Paused = said.Paused,
            Forks = said.Forks,
        };

        // Work of this site's own, and a conflict that was declared here, are shown rather than what the peer is doing.
        return row.Pending is not null || row.Conflict is not null
            ? heard
            : heard with { Procedure = said.Procedure, ProcedureSince = said.ProcedureSince, Takeover = said.Takeover };
    }
}
