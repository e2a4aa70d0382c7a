using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>Runs, planned migrations and confirmations. Each answers when the work is done, and the work goes on when the client goes away.</summary>
internal static class WorkEndpoints
{
    public static void Map(IEndpointRouteBuilder group)
    {
        group.MapPost("/backup/execute", ExecuteAsync).Changes("backup/execute", ApiJson.Readable.ExecuteRequest, ApiJson.Readable.EnvelopeTallyDataExecuteResult);
        group.MapPost("/vm/confirm", ConfirmAsync).Changes("vm/confirm", ApiJson.Readable.ExecuteRequest, ApiJson.Readable.EnvelopeTallyDataExecuteResult);
    }

    private static async Task<IResult> ExecuteAsync(HttpContext http, IStateReader state, IReplicationEngine engine, IRecoveryService recovery)
    {
        var machines = await ReadMachinesAsync(http);
        return await EachAsync(machines, request => ExecuteOneAsync(request, http, state, engine, recovery));
    }

    private static async Task<IResult> ConfirmAsync(HttpContext http, IStateReader state, IRecoveryService recovery)
    {
        var machines = await ReadMachinesAsync(http);
        var (actor, stopping) = (http.Actor(), http.HostStopping());
        return await EachAsync(machines, async request =>
        {
            var view = await MachineResolver.FindAsync(state, request.PlanUuid, request.VmUuid, stopping);
            await recovery.ConfirmAsync(view.Machine.Uuid, actor, stopping);
            return "";
        });
    }

    /// <returns>What the caller should know although it succeeded; usually empty.</returns>
    private static async Task<string> ExecuteOneAsync(
        ExecuteVmRequest request, HttpContext http, IStateReader state, IReplicationEngine engine, IRecoveryService recovery)
    {
        var (actor, stopping) = (http.Actor(), http.HostStopping());
        var view = await MachineResolver.FindAsync(state, request.PlanUuid, request.VmUuid, stopping);
        var faults = new RequestFaults();
        var source = faults.OptionalUuid(request.SourceCluster, "source_cluster");
        faults.ThrowIfAny();
        if (source is { } named && named != view.Machine.Ownership.Owner)
        {
            throw new DisasterToleranceException(
                ErrorCode.NotOwner,
                $"Machine '{view.Machine.Name}' runs at site '{http.SiteNames().Of(view.Machine.Ownership.Owner)}', not at source_cluster {named}. Ask 'state' and name the site where it runs.");
        }

        if (request.DestinationActivate is true)
        {
            await recovery.MigrateAsync(
                new MigrationRequest
                {
                    Machine = view.Machine.Uuid,
                    Source = source,
                    AutoShutoff = request.AutoShutoff ?? false,
                    Host = request.StartupHosts?.FirstOrDefault(host => !string.IsNullOrEmpty(host)),
                    Actor = actor,
                },
                stopping);
            return "";
        }

        var report = await engine.RunAsync(new RunRequest(view.Machine.Uuid, actor) { ShutDownFirst = request.AutoShutoff ?? false }, stopping);
        if (report.NotShippedBecause.Length > 0)
        {
            throw new DisasterToleranceException(
                ErrorCode.PeerUnreachable,
                $"Point {report.PointName} of machine '{view.Machine.Name}' was captured but not shipped: {report.NotShippedBecause} It is shipped as soon as that is over.",
                isTransient: true);
        }

        return report.LeftOff ? $"Machine '{view.Machine.Name}' was shut down for this run and left off. Start it when it is needed." : "";
    }

    private static async Task<IReadOnlyList<ExecuteVmRequest>> ReadMachinesAsync(HttpContext http)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.ExecuteRequest);
        var faults = new RequestFaults();
        ExecuteVmRequest[] machines = [.. (request.ExecVms ?? []).OfType<ExecuteVmRequest>()];
        if (machines.Length == 0)
        {
            faults.Add("'exec_vms' names no machine");
        }

        faults.ThrowIfAny();
        return machines;
    }

    private static async Task<IResult> EachAsync(IReadOnlyList<ExecuteVmRequest> machines, Func<ExecuteVmRequest, Task<string>> work)
    {
        var results = await Task.WhenAll(machines.Select(async request =>
        {
            try
            {
                return Answers.Executed(request, null, await work(request));
            }
            catch (DisasterToleranceException error)
            {
                return Answers.Executed(request, error, error.Message);
            }
        }));
        return Answers.Spoken(Answers.Tally(results, result => result.Scode), ApiJson.Readable.EnvelopeTallyDataExecuteResult);
    }
}
