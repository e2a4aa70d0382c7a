using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Scheduling;

/// <summary>Passes runs that people ask for here on to the site that owns the machine, and does those that the other site passes on. One hop at the most. Thread-safe.</summary>
internal sealed class RunForwarding(SiteContext site, PeerMachines peers, RunExecutor executor, BackgroundWork background, AuditLog audit, ForwardPolicy policy) : IControlPart
{
    public void Map(ControlDispatcher dispatcher) => dispatcher.Map(RunMethods.Run, AnswerAsync);

    /// <summary>Runs a machine at the site that owns it.</summary>
    public async ValueTask<RunReport> RunAsync(MachineRow machine, PlanRow plan, RunRequest request, CancellationToken cancellationToken)
    {
        if (machine.Ownership.Owner == site.Uuid)
        {
            return await RunHereAsync(machine.Uuid, request, cancellationToken).ConfigureAwait(false);
        }

        var owner = site.PeerOf(plan);
        return await audit.RecordAsync(
            request.Actor,
            "machine.run",
            machine.Uuid.ToString(),
            () => peers.PassOnAsync(owner, RunMethods.Run, request with { Machine = machine.Uuid }, cancellationToken),
            _ => $"done at the owner, site '{site.NameOf(owner)}'").ConfigureAwait(false);
    }

    private async ValueTask<RunReport> AnswerAsync(Guid peer, RunRequest request, CancellationToken cancellationToken)
    {
        policy.Demand(peer, ForwardedCalls.Runs);
        var subject = await peers.DemandSharedAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        var mine = request with { Actor = site.ActorOf(request.Actor, peer) };
        return await background.OutliveAsync(life => RunHereAsync(subject.Uuid, mine, life), cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<RunReport> RunHereAsync(Guid machine, RunRequest request, CancellationToken cancellationToken) => audit.RecordAsync(
        request.Actor,
        "machine.run",
        machine.ToString(),
        () => executor.RunAsync(machine, cancellationToken, request.ShutDownFirst),
        report => $"point {report.PointName}, {report.ChangedBytes} bytes changed, {report.WireBytes} bytes shipped");
}

/// <summary>The control methods of runs.</summary>
internal static class RunMethods
{
    // A run has deadlines on progress of its own; a dead peer is noticed by its silence.
    public static ControlMethod<RunRequest, RunReport> Run { get; } =
        new("machine.run", RunMethodJson.Default.RunRequest, RunMethodJson.Default.RunReport) { Timeout = Timeout.InfiniteTimeSpan };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RunRequest))]
[JsonSerializable(typeof(RunReport))]
internal sealed partial class RunMethodJson : JsonSerializerContext;
