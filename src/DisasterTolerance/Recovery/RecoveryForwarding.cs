using DisasterTolerance.Links;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>Passes recoveries that people ask for here on to the site at which they are to happen, and does what the other site passes on. One hop at the most. Thread-safe.</summary>
internal sealed class RecoveryForwarding(RecoveryTools tools, RecoveryBatch batch, AuditLog audit, ForwardPolicy policy) : IControlPart
{
    private const int MostAtOnce = 2_000;

    public void Map(ControlDispatcher dispatcher) => dispatcher.Map(RecoveryMethods.Recover, AnswerAsync);

    /// <summary>Whether a request is for another site than this one.</summary>
    public bool IsElsewhere(RecoveryRequest request) => request.Site is { } wanted && wanted != tools.Site.Uuid;

    /// <summary>Has recoveries done at the sites that they name.</summary>
    /// <returns>One outcome per request, in their order.</returns>
    public async ValueTask<IReadOnlyList<RecoveryOutcome>> RunAsync(IReadOnlyList<RecoveryRequest> requests, CancellationToken cancellationToken)
    {
        var outcomes = new RecoveryOutcome?[requests.Count];
        var found = new List<(int Index, WorkSubject Subject)>();
        for (var i = 0; i < requests.Count; i++)
        {
            try
            {
                found.Add((i, await FindAsync(requests[i], cancellationToken).ConfigureAwait(false)));
            }
            catch (DisasterToleranceException e)
            {
                outcomes[i] = new RecoveryOutcome(requests[i], null, e);
            }
        }

        await Task.WhenAll(found.GroupBy(one => one.Subject.Peer).Select(async group =>
        {
            var mine = group.ToList();
            var answers = await AskAsync(group.Key, [.. mine.Select(one => requests[one.Index] with { Machine = one.Subject.Uuid, Site = null })], cancellationToken).ConfigureAwait(false);
            foreach (var (one, answer) in mine.Zip(answers))
            {
                outcomes[one.Index] = answer with { Request = requests[one.Index] };
            }
        })).ConfigureAwait(false);
        return outcomes!;
    }

    private async ValueTask<WorkSubject> FindAsync(RecoveryRequest request, CancellationToken cancellationToken)
    {
        var subject = await tools.Peers.FindAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        return request.Site == subject.Peer
            ? subject
            : throw new DisasterToleranceException(
                ErrorCode.InvalidArgument, $"Machine '{subject.Row.Name}' cannot be recovered at site {request.Site}, which is no side of its plan. Name one of the plan's two sites.");
    }

    /// <summary>One call for all, so that machines start in the order of their priority, and an entry in the audit log for each.</summary>
    private async ValueTask<IReadOnlyList<RecoveryOutcome>> AskAsync(Guid peer, IReadOnlyList<RecoveryRequest> requests, CancellationToken cancellationToken)
    {
        var asked = tools.Peers.PassOnAsync(peer, RecoveryMethods.Recover, new RecoverPassedOn(requests), cancellationToken).AsTask();
        var outcomes = new List<RecoveryOutcome>();
        foreach (var request in requests)
        {
            var index = outcomes.Count;
            try
            {
                var report = await audit.RecordAsync(
                    request.Actor,
                    "machine.recover",
                    request.Machine.ToString(),
                    async () => ReportOf(peer, await asked.ConfigureAwait(false), index, requests.Count),
                    _ => $"done at site '{tools.Site.NameOf(peer)}'").ConfigureAwait(false);
                outcomes.Add(new RecoveryOutcome(request, report, null));
            }
            catch (DisasterToleranceException e)
            {
                outcomes.Add(new RecoveryOutcome(request, null, e));
            }
        }

        return outcomes;
    }

    private RecoveryReport ReportOf(Guid peer, RecoverAnswer answer, int index, int count)
    {
        if (answer.Outcomes.Count != count || answer.Outcomes[index] is not { } outcome || (outcome.Report is null && outcome.Code == ErrorCode.None))
        {
            throw LinkErrors.Violation($"Site '{tools.Site.NameOf(peer)}' does not say what became of each of the {count} recoveries that were asked for.");
        }

        return outcome.Report ?? throw new DisasterToleranceException(outcome.Code, $"Site '{tools.Site.NameOf(peer)}': {HelloCodec.Shorten(outcome.Error)}", outcome.Transient);
    }

    private async ValueTask<RecoverAnswer> AnswerAsync(Guid peer, RecoverPassedOn request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Recoveries);
        if (request.Requests.Count is 0 or > MostAtOnce || request.Requests.Any(one => one is null))
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"{request.Requests.Count} recoveries were asked for, or one of them is empty: ask for 1 to {MostAtOnce} at once.");
        }

        var refused = new Dictionary<int, DisasterToleranceException>();
        var mine = new List<RecoveryRequest>();
        foreach (var (index, one) in request.Requests.Index())
        {
            try
            {
                await tools.Peers.DemandSharedAsync(peer, one.Machine, cancellationToken).ConfigureAwait(false);
                mine.Add(one with { Site = null, Actor = tools.Site.ActorOf(one.Actor, peer) });
            }
            catch (DisasterToleranceException e)
            {
                refused.Add(index, e);
            }
        }

        var done = new Queue<RecoveryOutcome>(await tools.Background.OutliveAsync(life => batch.RunAsync(mine, life), cancellationToken).ConfigureAwait(false));
        return new RecoverAnswer([.. request.Requests.Select((_, index) => refused.TryGetValue(index, out var error) ? Failed(error) : Told(done.Dequeue()))]);
    }

    private static PassedOutcome Told(RecoveryOutcome outcome) => outcome.Error is { } error ? Failed(error) : new PassedOutcome(outcome.Report, ErrorCode.None, "", false);

    private static PassedOutcome Failed(DisasterToleranceException error) => new(null, error.Code, HelloCodec.Shorten(error.Message), error.IsTransient);
}
