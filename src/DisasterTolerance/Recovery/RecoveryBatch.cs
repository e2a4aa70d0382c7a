using DisasterTolerance.Catalog;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Recovers many machines in the order of their priority: a level begins when the one before is up, has failed or has had its time. Thread-safe.
/// </summary>
internal sealed class RecoveryBatch(RecoveryTools tools, RecoveryFlows flows)
{
    private const int AtOnce = 4;

    private readonly ILogger _log = tools.Site.Logs.CreateLogger<RecoveryBatch>();

    /// <summary>Recovers the machines of all requests.</summary>
    /// <param name="requests">What to recover.</param>
    /// <param name="cancellationToken">Ends the wait; machines that were not begun are not recovered.</param>
    /// <returns>One outcome per request, in their order.</returns>
    public async ValueTask<IReadOnlyList<RecoveryOutcome>> RunAsync(IReadOnlyList<RecoveryRequest> requests, CancellationToken cancellationToken)
    {
        var outcomes = new RecoveryOutcome?[requests.Count];
        var found = new Dictionary<int, WorkSubject>();
        for (var i = 0; i < requests.Count; i++)
        {
            try
            {
                found.Add(i, await tools.Peers.FindAsync(requests[i].Machine, cancellationToken).ConfigureAwait(false));
            }
            catch (DisasterToleranceException e)
            {
                outcomes[i] = new RecoveryOutcome(requests[i], null, e);
            }
        }

        var order = StartOrder.Levels(found.Values.Select(subject => subject.Row).DistinctBy(row => row.Uuid));
        foreach (var level in order)
        {
            var mine = found.Where(entry => entry.Value.Row.Priority == level.Priority).OrderBy(entry => entry.Value.Row.Name, StringComparer.Ordinal).ToList();
            var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(
                mine, options, async (entry, token) => outcomes[entry.Key] = await RecoverAsync(requests[entry.Key], entry.Value, token).ConfigureAwait(false)).ConfigureAwait(false);
            if (level != order[^1])
            {
                await WaitUpAsync([.. mine.Where(entry => outcomes[entry.Key]!.Error is null).Select(entry => entry.Value)], cancellationToken).ConfigureAwait(false);
            }
        }

        return outcomes!;
    }

    private async ValueTask<RecoveryOutcome> RecoverAsync(RecoveryRequest request, WorkSubject subject, CancellationToken cancellationToken)
    {
        try
        {
            return new RecoveryOutcome(request, await flows.RecoverAsync(request, subject, cancellationToken).ConfigureAwait(false), null);
        }
        catch (DisasterToleranceException e)
        {
            return new RecoveryOutcome(request, null, e);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A provider of somebody else's may throw anything, and the other machines must not pay for it.
            Log.RecoveryFailedOddly(_log, subject.Row.Name, e);
            return new RecoveryOutcome(
                request,
                null,
                new DisasterToleranceException(
                    ErrorCode.Unavailable,
                    $"The recovery of machine '{subject.Row.Name}' met an error that was not expected: {e.Message} The log of site '{tools.Site.Name}' tells more; look at the machine's state before trying again.",
                    innerException: e));
        }
    }

    private async ValueTask WaitUpAsync(IReadOnlyList<WorkSubject> level, CancellationToken cancellationToken)
    {
        using var time = new CancellationTokenSource(tools.Site.Options.StartTimeout, tools.Site.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellationToken);
        await Task.WhenAll(level.Select(subject => WaitUpAsync(subject, time.Token, either.Token))).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task WaitUpAsync(WorkSubject subject, CancellationToken time, CancellationToken either)
    {
        try
        {
            await tools.Power.WaitUpAsync(subject, either).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (time.IsCancellationRequested)
        {
            Log.NotUpInTime(_log, subject.Row.Name);
        }
    }
}
