using DisasterTolerance.Catalog;
using DisasterTolerance.InstantBoot;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Takes up what a crash left, or an error in the very step that was to end the work: before its point of no return work is given up or begun again, after it it is completed. Machines of a high
/// priority first. Looked for at the start of the site and from time to time.
/// </summary>
internal sealed class UnfinishedWork(
    RecoveryTools tools, MigrationRun migration, MigrationTarget migrationTarget, FailoverRun failover, RestoreRun restore, UndoRun undo, HandOver handOver, Arrival arrival, DiskPulls pulls) : ISitePart
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromMinutes(5);

    private const int AtOnce = 4;
    private const int PageSize = 1000;

    private readonly ILogger _log = tools.Site.Logs.CreateLogger<UnfinishedWork>();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        tools.Background.Start(LookAgainAsync);
        return Task.CompletedTask;
    }

    // The background work that looks again ends with the site.
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Takes up everything. Work that is under way in this process is waited for and then found done.</summary>
    public async ValueTask ResumeAsync(CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(await FindAsync(cancellationToken).ConfigureAwait(false), options, ResumeAsync).ConfigureAwait(false);
        await pulls.ResumeAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task LookAgainAsync(CancellationToken life)
    {
        using var timer = new PeriodicTimer(LookAgain, tools.Site.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(life).ConfigureAwait(false))
            {
                try
                {
                    if (!tools.Site.Certainty.IsUnsure)
                    {
                        await ResumeAsync(life).ConfigureAwait(false);
                    }
                }
                catch (DisasterToleranceException e)
                {
                    Log.LookFailed(_log, e);
                }
            }
        }
        catch (OperationCanceledException) when (life.IsCancellationRequested)
        {
            return;
        }
    }

    private async ValueTask<IReadOnlyList<MachineRow>> FindAsync(CancellationToken cancellationToken)
    {
        List<MachineRow> found = [];
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await tools.Site.Catalog.QueryMachinesAsync(new MachineQuery { Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            found.AddRange(page.Items.Where(row => row.Pending is not null || HandOver.IsOpen(row, tools.Site.Uuid)));
            if (page.Items.Count < PageSize)
            {
                return [.. found.OrderBy(row => row.Priority).ThenBy(row => row.Uuid)];
            }
        }
    }

    private async ValueTask ResumeAsync(MachineRow machine, CancellationToken cancellationToken)
    {
        try
        {
            await tools.Background.RunAsync(
                async token =>
                {
                    using var gate = await tools.Site.Gates.EnterAsync(machine.Uuid, token.Now).ConfigureAwait(false);
                    var subject = await tools.Peers.FindAsync(machine.Uuid, token.Now).ConfigureAwait(false);
                    if (subject.Row.Pending is { } work)
                    {
                        Log.Resumes(_log, work.Kind.ToString(), subject.Row.Name, work.Step);
                        await ResumeAsync(subject, work, token).ConfigureAwait(false);
                    }

                    return true;
                },
                cancellationToken).ConfigureAwait(false);
            handOver.Continue(machine.Uuid);
        }
        catch (DisasterToleranceException e)
        {
            Log.ResumeFailed(_log, machine.Pending?.Kind.ToString() ?? "hand-over", machine.Uuid, e);
        }
    }

    private async ValueTask ResumeAsync(WorkSubject subject, PendingWork work, WorkToken token)
    {
        var cause = new DisasterToleranceException(ErrorCode.Unavailable, $"Site '{tools.Site.Name}' ended in the middle of it. Ask for it again.", isTransient: true);
        switch (work)
        {
            case { Step: WorkSteps.Owned }:
                await arrival.StartAsync(subject, null, token.Life).ConfigureAwait(false);
                break;
            case { Kind: WorkKind.MigrateIn }:
                await migrationTarget.GiveUpAsync(subject, cause, token.Life).ConfigureAwait(false);
                break;
            case { Kind: WorkKind.MigrateOut }:
                await migration.AbortAsync(subject, cause, token.Life).ConfigureAwait(false);
                break;
            case { Kind: WorkKind.Undo }:
                await undo.AbortAsync(subject, cause, token.Life).ConfigureAwait(false);
                break;
            case { Kind: WorkKind.Failover }:
                await failover.ResumeAsync(subject, token).ConfigureAwait(false);
                break;
            case { Kind: WorkKind.Restore, Step: WorkSteps.Restoring }:
                await restore.ResumeAsync(subject, token).ConfigureAwait(false);
                break;
            case { Kind: WorkKind.Restore }:
                await restore.GiveUpAsync(subject, cause, token.Life).ConfigureAwait(false);
                break;
            default:
                // To yield takes the other site's word: the next meeting goes on with it.
                break;
        }
    }
}
