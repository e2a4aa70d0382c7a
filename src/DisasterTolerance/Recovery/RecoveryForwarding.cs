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

    private async ValueTask<IReadOnlyList<RecoveryOutcome>> AskAsync(Guid peer, IReadOnlyList<RecoveryRequest> requests, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await audit.RecordAsync(
                requests[0].Actor,
                "machine.recover",
                string.Join(' ', requests.Take(20).Select(request => request.Machine)),
                () => tools.Peers.CallAsync(peer, RecoveryMethods.Recover, new RecoverPassedOn(requests), cancellationToken),
                _ => $"done at site '{tools.Site.NameOf(peer)}'").ConfigureAwait(false);
            return answer.Outcomes.Count == requests.Count
                ? [.. requests.Zip(answer.Outcomes, Outcome)]
                : throw LinkErrors.Violation($"Site '{tools.Site.NameOf(peer)}' told of {answer.Outcomes.Count} recoveries where {requests.Count} were asked for.");
        }
        catch (DisasterToleranceException e)
        {
            return [.. requests.Select(request => new RecoveryOutcome(request, null, e))];
        }
    }

    private static RecoveryOutcome Outcome(RecoveryRequest request, PassedOutcome? answer) => new(
        request,
        answer?.Report,
        answer?.Report is null ? new DisasterToleranceException(answer?.Code ?? ErrorCode.ProtocolViolation, answer?.Error ?? "The other site's answer is empty.", answer?.Transient ?? false) : null);

    private async ValueTask<RecoverAnswer> AnswerAsync(Guid peer, RecoverPassedOn request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Recoveries);
        if (request.Requests.Count is 0 or > MostAtOnce || request.Requests.Any(one => one is null))
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"{request.Requests.Count} recoveries were asked for, or one of them is empty: ask for 1 to {MostAtOnce} at once.");
        }

        foreach (var one in request.Requests)
        {
            await tools.Peers.DemandSharedAsync(peer, one.Machine, cancellationToken).ConfigureAwait(false);
        }

        IReadOnlyList<RecoveryRequest> mine = [.. request.Requests.Select(one => one with { Site = null, Actor = tools.Peers.ActorOf(one.Actor, peer) })];
        var outcomes = await batch.RunAsync(mine, cancellationToken).ConfigureAwait(false);
        return new RecoverAnswer([.. outcomes.Select(one => new PassedOutcome(one.Report, one.Error?.Code ?? ErrorCode.None, one.Error?.Message ?? "", one.Error?.IsTransient ?? false))]);
    }
}
