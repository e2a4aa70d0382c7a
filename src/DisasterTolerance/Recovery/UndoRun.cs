using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Takes a migration back, at the site that it went to: what was done there since is kept as a point, and the other site goes on with its unchanged disks.
/// <code>
///   RunAsync ─▶ PrepareAsync ─▶ StopAsync ─▶ KeepAsync ─▶ HandOver.YieldAsync ─▶ HandOver.CompleteAsync
///                  │ begun         │ stopping    │ keeping       │ yielded (point of no return)
///                  └───────────────┴─────────────┘               └─▶ HandOver.Continue, if the link is cut
///                                  ▼
///                             AbortAsync (also after a crash)
/// </code>
/// </summary>
internal sealed class UndoRun(RecoveryTools tools, ICapturer capturer, HandOver handOver)
{
    private readonly ILogger _log = tools.Site.Logs.CreateLogger<UndoRun>();

    /// <summary>Runs an undo.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="token">What ends it.</param>
    public async Task<RecoveryReport> RunAsync(Guid machine, string actor, WorkToken token)
    {
        using var gate = await tools.Site.Gates.EnterAsync(machine, token.Now).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.FindAsync(machine, token.Now).ConfigureAwait(false);
        var peer = await tools.Peers.ReportAsync(subject, token.Now).ConfigureAwait(false);
        if (RecoveryRules.MayUndo(subject.Row, tools.Site.Uuid, peer) is { } refusal)
        {
            throw refusal.ToException();
        }

        var basis = await PrepareAsync(subject, token.Now).ConfigureAwait(false);
        var power = await tools.Power.GetAsync(subject, token.Now).ConfigureAwait(false);
        var work = tools.Book.New(WorkKind.Undo, WorkSteps.Begun, actor, basis.Uuid, wasRunning: power != PowerState.Off);
        subject = subject with { Row = await tools.Book.BeginAsync(subject, work, Procedure.Migrating, token.Now).ConfigureAwait(false) };
        PointRow? kept;
        try
        {
            kept = await StopAsync(subject, work, token.Now).ConfigureAwait(false);
            token.Now.ThrowIfCancellationRequested();
            subject = await handOver.YieldAsync(subject, basis.Uuid, token.Now).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DisasterToleranceException || (e is OperationCanceledException && !token.Life.IsCancellationRequested))
        {
            await AbortAsync(subject, e, token.Life).ConfigureAwait(false);
            throw;
        }

        token.PassPointOfNoReturn();
        return await CompleteAsync(subject, basis, kept, token.Life).ConfigureAwait(false);
    }

    /// <summary>Gives an undo up that has not handed the machine back. The caller holds the gate.</summary>
    public ValueTask AbortAsync(WorkSubject subject, Exception cause, CancellationToken life) => handOver.AbortAsync(subject, WorkKind.Undo, cause, life);

    /// <summary>The other site says that it still has its machine, off, before this one is stopped for it.</summary>
    private async ValueTask<PointRow> PrepareAsync(WorkSubject subject, CancellationToken cancellationToken)
    {
        var basis = subject.Row.Takeover!.Point;
        await tools.Peers.CallAsync(subject.Peer, RecoveryMethods.UndoPrepare, new PrepareRequest(subject.Uuid, basis), cancellationToken).ConfigureAwait(false);
        return await tools.Site.Catalog.FindPointAsync(basis, tools.Site.Uuid, cancellationToken).ConfigureAwait(false)
            ?? await tools.Site.Catalog.FindPointAsync(basis, subject.Peer, cancellationToken).ConfigureAwait(false)
            ?? throw new DisasterToleranceException(ErrorCode.NoRecoveryPoint, $"The point that {subject.Label} was migrated with is known at neither site any more. Migrate the machine back instead.");
    }

    private async ValueTask<PointRow?> StopAsync(WorkSubject subject, PendingWork work, CancellationToken cancellationToken)
    {
        work = await tools.Book.StepAsync(subject.Uuid, work, WorkSteps.Stopping, cancellationToken).ConfigureAwait(false);
        if (await tools.Power.FindAsync(subject, cancellationToken).ConfigureAwait(false) is null)
        {
            Log.NothingToKeep(_log, subject.Row.Name);
            return null;
        }

        await tools.Power.StopAsync(subject, cancellationToken).ConfigureAwait(false);
        return await KeepAsync(subject, work, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<PointRow> KeepAsync(WorkSubject subject, PendingWork work, CancellationToken cancellationToken)
    {
        await tools.Book.StepAsync(subject.Uuid, work, WorkSteps.Keeping, cancellationToken).ConfigureAwait(false);
        return (await capturer.CaptureAsync(subject.Uuid, PointKind.Undone, cancellationToken).ConfigureAwait(false)).Point;
    }

    private async ValueTask<RecoveryReport> CompleteAsync(WorkSubject subject, PointRow basis, PointRow? kept, CancellationToken life)
    {
        var work = subject.Row.Pending!;
        RecoveryReport? report = null;
        TakeAnswer answer;
        try
        {
            answer = await handOver.CompleteAsync(
                subject,
                taken => report = tools.Points.Report(subject, work, basis, 0, kept?.Uuid) with { Site = subject.Peer, SiteMachine = subject.Remote, Epoch = taken.Ownership.Number },
                life).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.HandOverWaits(_log, subject.Row.Name, tools.Site.NameOf(subject.Peer), e.Message);
            handOver.Continue(subject.Uuid);
            throw new DisasterToleranceException(
                e.Code, $"The {subject.Label} was handed back to site '{tools.Site.NameOf(subject.Peer)}', which has not said yet that it took it: {e.Message} The hand-over goes on by itself as soon as the site answers.", true, e);
        }

        return HandOver.ErrorOf(answer) is { } error ? throw error : report!;
    }
}
