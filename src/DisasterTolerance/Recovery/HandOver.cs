using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// The hand-over of a machine at the site that gives it: two durable steps, one at each site. Once the first is written this site neither starts nor captures the machine, and asks the other one until it
/// has taken it, however often the link is cut in between.
/// <code>
///   YieldAsync ─▶ CompleteAsync ─▶ AdoptAsync
///                    │      ▲
///               link cut    │ the sites meet, or a retry
///                    ▼      │
///                  ContinueAsync
/// </code>
/// Thread-safe; the caller holds the machine's gate, except for <see cref="Continue"/>.
/// </summary>
internal sealed class HandOver(RecoveryTools tools)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LastRetry = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<Guid, byte> _continuing = new();
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<HandOver>();

    /// <summary>Whether a row is of a machine that this site gave away and that nobody took yet.</summary>
    public static bool IsOpen(MachineRow row, Guid site) => row.Ownership.Owner == site && row.Ownership.YieldedTo is not null && row.Conflict is null;

    /// <summary>First step: the point of no return.</summary>
    public async ValueTask<WorkSubject> YieldAsync(WorkSubject subject, Guid point, CancellationToken cancellationToken)
    {
        var row = await tools.Machines.GetAsync(subject.Uuid, cancellationToken).ConfigureAwait(false);
        var stored = await tools.Ownership.WriteAsync(
            row,
            OwnershipRules.Yield(row.Ownership, subject.Peer),
            "handed over",
            m => m with { Pending = m.Pending! with { Step = WorkSteps.Yielded, Point = point }, NextRun = null },
            cancellationToken).ConfigureAwait(false);
        return subject with { Row = stored };
    }

    /// <summary>
    /// Gives up work that was to hand the machine over and has not: the machine stays this site's and is started again if it was stopped for the work. Nothing happens after the hand-over. The caller holds the gate.
    /// </summary>
    /// <param name="subject">The machine.</param>
    /// <param name="kind">A migration or an undo.</param>
    /// <param name="cause">Why it is given up.</param>
    /// <param name="life">Ends with the site.</param>
    public async ValueTask AbortAsync(WorkSubject subject, WorkKind kind, Exception cause, CancellationToken life)
    {
        var row = await tools.Machines.GetAsync(subject.Uuid, life).ConfigureAwait(false);
        if (row.Pending is not { } work || work.Kind != kind || row.Ownership.YieldedTo is not null)
        {
            return;
        }

        var what = kind == WorkKind.Undo ? "Undo" : "Migration";
        Log.GivenUp(_log, row.Name, what, cause.Message);
        var error = cause.Message;
        try
        {
            if (work is { WasRunning: true, Step: not WorkSteps.Begun })
            {
                await tools.Power.StartAsync(subject with { Row = row }, "", life).ConfigureAwait(false);
            }
        }
        catch (DisasterToleranceException e)
        {
            Log.GivingUpFailed(_log, row.Name, what, e);
            error = $"{error} It is still this site's, but could not be started again: {e.Message}";
        }

        await tools.Ownership.WithdrawAsync(row, life).ConfigureAwait(false);
        await tools.Book.EndAsync(
            row.Uuid, work, tools.Book.Record(row.Uuid, work, null, cause), m => tools.Book.Settled(m) with { LastError = $"{what}: {error}" }, life).ConfigureAwait(false);
    }

    /// <summary>Second step: the other site takes the machine, and this one follows.</summary>
    /// <param name="subject">The machine with its present row.</param>
    /// <param name="report">What was done, for the record; null if a crash lost it.</param>
    /// <param name="life">Ends the wait with the site; the hand-over is then taken up again.</param>
    public async ValueTask<TakeAnswer> CompleteAsync(WorkSubject subject, Func<TakeAnswer, RecoveryReport>? report, CancellationToken life)
    {
        var (row, work) = (subject.Row, subject.Row.Pending!);
        var method = work.Kind == WorkKind.Undo ? RecoveryMethods.UndoTake : RecoveryMethods.MigrateTake;
        var answer = await tools.Peers.CallAsync(subject.Peer, method, new TakeRequest(row.Uuid, row.Ownership, work.Point ?? Guid.Empty, work.Host), life).ConfigureAwait(false);
        if (answer.Ownership.Owner != subject.Peer || answer.Ownership.Number <= row.Ownership.Number)
        {
            throw new DisasterToleranceException(
                ErrorCode.ProtocolViolation, $"Site '{tools.Site.NameOf(subject.Peer)}' says that it took {subject.Label}, but not in a later epoch. Bring both sites to the same release; the hand-over is tried again.");
        }

        await AdoptAsync(subject, answer.Ownership, report?.Invoke(answer), ErrorOf(answer), life).ConfigureAwait(false);
        return answer;
    }

    /// <summary>Follows the site that took the machine.</summary>
    public async ValueTask AdoptAsync(WorkSubject subject, Ownership taken, RecoveryReport? report, DisasterToleranceException? error, CancellationToken life)
    {
        var work = subject.Row.Pending;
        await tools.Ownership.WriteAsync(
            subject.Row,
            taken,
            "taken over by the other site",
            row => tools.Book.Shown(row, Procedure.Normal) with
            {
                Pending = null,
                Takeover = null,
                Conflict = null,
                NextRun = null,
                LastError = error?.Message ?? "",
            },
            life,
            also: (row, batch) =>
            {
                if (work is not null)
                {
                    batch.Add(new CatalogChange.PutRun(tools.Book.Record(row.Uuid, work, report, error)));
                }
            }).ConfigureAwait(false);
    }

    /// <summary>Why the other site could not start what it took; null if it did.</summary>
    public static DisasterToleranceException? ErrorOf(TakeAnswer answer) =>
        answer.StartError.Length == 0 ? null : new DisasterToleranceException(answer.StartCode, answer.StartError);

    /// <summary>Goes on with an open hand-over in the background. One at a time per machine; without an open hand-over nothing happens.</summary>
    public void Continue(Guid machine) => tools.Background.Start(life => ContinueAsync(machine, life));

    private async Task ContinueAsync(Guid machine, CancellationToken life)
    {
        if (!_continuing.TryAdd(machine, 0))
        {
            return;
        }

        try
        {
            for (var delay = FirstRetry; !await TryAsync(machine, life).ConfigureAwait(false); delay = delay < LastRetry ? delay * 2 : LastRetry)
            {
                await Task.Delay(delay, tools.Site.Clock, life).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested)
        {
            // The next start takes it up: all that counts is in the catalog.
        }
        finally
        {
            _continuing.TryRemove(machine, out _);
        }
    }

    /// <returns>Whether there is nothing left to do, or nothing before the sites meet again.</returns>
    private async Task<bool> TryAsync(Guid machine, CancellationToken life)
    {
        using var gate = await tools.Site.Gates.EnterAsync(machine, life).ConfigureAwait(false);
        try
        {
            var subject = await tools.Peers.FindAsync(machine, life).ConfigureAwait(false);
            if (!IsOpen(subject.Row, tools.Site.Uuid) || subject.Row.Pending is { Kind: WorkKind.Failover })
            {
                return true;
            }

            try
            {
                subject = subject.Row.Pending is null ? await RememberAsync(subject, life).ConfigureAwait(false) : subject;
                await CompleteAsync(subject, null, life).ConfigureAwait(false);
                return true;
            }
            catch (DisasterToleranceException e)
            {
                Log.HandOverWaits(_log, subject.Row.Name, tools.Site.NameOf(subject.Peer), e.Message);
                return !tools.Peers.IsUp(subject.Peer);
            }
        }
        catch (DisasterToleranceException e)
        {
            Log.HandOverWaits(_log, machine.ToString(), "", e.Message);
            return false;
        }
    }

    // Only a failover of the giver that was given up in the middle leaves an open hand-over without its work. Its last point is the newest one.
    private async ValueTask<WorkSubject> RememberAsync(WorkSubject subject, CancellationToken life)
    {
        var point = await tools.Points.FindAsync(subject.Row, null, life).ConfigureAwait(false)
            ?? throw new DisasterToleranceException(ErrorCode.NoRecoveryPoint, $"There is no usable point of {subject.Label} to hand over. Fail the machine over at this site.");
        var work = tools.Book.New(WorkKind.MigrateOut, WorkSteps.Yielded, "hand-over", point.Uuid, subject.HostAt(subject.Peer));
        return subject with { Row = await tools.Book.BeginAsync(subject, work, Procedure.Migrating, life).ConfigureAwait(false) };
    }
}
