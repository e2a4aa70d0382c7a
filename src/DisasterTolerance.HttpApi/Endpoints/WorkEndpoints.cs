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
        return await EachAsync(http, machines, request => PrepareAsync(request, http, state, engine, recovery));
    }

    private static async Task<IResult> ConfirmAsync(HttpContext http, IStateReader state, IRecoveryService recovery)
    {
        var machines = await ReadMachinesAsync(http);
        var (actor, stopping) = (http.Actor(), http.HostStopping());
        return await EachAsync(http, machines, async request =>
        {
            var view = await MachineResolver.FindAsync(state, request.PlanUuid, request.VmUuid, stopping);
            return new PreparedWork(view.Machine.Uuid, async () =>
            {
                await recovery.ConfirmAsync(view.Machine.Uuid, actor, stopping);
                return "";
            });
        });
    }

    private static async Task<PreparedWork> PrepareAsync(
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

        if (request.DestinationActivate is not true)
        {
            return new PreparedWork(
                view.Machine.Uuid, () => RunAsync(engine, view, new RunRequest(view.Machine.Uuid, actor) { ShutDownFirst = request.AutoShutoff ?? false }, stopping));
        }

        var migration = new MigrationRequest
        {
            Machine = view.Machine.Uuid,
            Source = source,
            AutoShutoff = request.AutoShutoff ?? false,
            Host = request.StartupHosts?.FirstOrDefault(host => !string.IsNullOrEmpty(host)),
            Actor = actor,
        };
        return new PreparedWork(view.Machine.Uuid, async () =>
        {
            await recovery.MigrateAsync(migration, stopping);
            return "";
        });
    }

    private static async Task<string> RunAsync(IReplicationEngine engine, MachineView view, RunRequest request, CancellationToken stopping)
    {
        var report = await engine.RunAsync(request, stopping);
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
        var machines = faults.Machines(request.ExecVms, "exec_vms");
        faults.ThrowIfAny();
        return machines;
    }

    private static async Task<IResult> EachAsync(HttpContext http, IReadOnlyList<ExecuteVmRequest> machines, Func<ExecuteVmRequest, Task<PreparedWork>> prepare)
    {
        var (isLater, accepted) = (AcceptedWork.IsPreferred(http), AcceptedWork.Of(http));
        var results = await Task.WhenAll(machines.Select(async request =>
        {
            try
            {
                var work = await prepare(request);
                accepted.Begin(work.Machine);
                if (!isLater)
                {
                    return Answers.Executed(request, null, await work.RunAsync());
                }

                accepted.Start(http, [work.Machine], async () =>
                {
                    await work.RunAsync();
                    return [];
                });
                return Answers.Executed(request, null, Answers.Accepted);
            }
            catch (DisasterToleranceException error)
            {
                return Answers.Executed(request, error, error.Message);
            }
            catch (Exception error) when (error is not OperationCanceledException)
            {
                // What somebody else's provider throws for one machine must not take the results of the others away.
                Log.Unexpected(http.Logger(), error, http.Request.Path);
                var told = new DisasterToleranceException(ErrorCode.Unavailable, ErrorTable.UnexpectedDesc, innerException: error);
                return Answers.Executed(request, told, told.Message);
            }
        }));
        if (isLater && results.Any(result => result.Scode == 0))
        {
            AcceptedWork.Mark(http);
        }

        return Answers.Spoken(Answers.Tally(results, result => result.Scode), ApiJson.Readable.EnvelopeTallyDataExecuteResult);
    }
}
