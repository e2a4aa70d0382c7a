using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>Recoveries at either site. Each answers when the work is done, and the work goes on when the client goes away.</summary>
internal static class RecoveryEndpoints
{
    public static void Map(IEndpointRouteBuilder group)
    {
        group.MapPost("/mastercluster/backup/recovery", RecoverAtMasterAsync).Changes("mastercluster/backup/recovery", ApiJson.Readable.RecoverRequest, ApiJson.Readable.EnvelopeTallyDataRecoverResult);
        group.MapPost("/slavecluster/backup/recovery", RecoverAtSlaveAsync).Changes("slavecluster/backup/recovery", ApiJson.Readable.RecoverRequest, ApiJson.Readable.EnvelopeTallyDataRecoverResult);
    }

    private static Task<IResult> RecoverAtMasterAsync(HttpContext http, IStateReader state, IRecoveryService recovery) =>
        RecoverAsync(http, state, recovery, view => view.Plan.Master);

    private static Task<IResult> RecoverAtSlaveAsync(HttpContext http, IStateReader state, IRecoveryService recovery) =>
        RecoverAsync(http, state, recovery, view => view.Plan.Slave);

    private static async Task<IResult> RecoverAsync(HttpContext http, IStateReader state, IRecoveryService recovery, Func<MachineView, Guid> siteOf)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.RecoverRequest);
        var faults = new RequestFaults();
        var machines = faults.Machines(request.RecoverVms, "recover_vms");
        faults.ThrowIfAny();
        var stopping = http.HostStopping();
        var results = new RecoverResult[machines.Length];
        var wanted = new List<(int Index, RecoveryRequest Request)>();
        for (var i = 0; i < machines.Length; i++)
        {
            try
            {
                wanted.Add((i, await ReadAsync(machines[i], http.Actor(), state, siteOf, stopping)));
            }
            catch (DisasterToleranceException error)
            {
                results[i] = Answers.Recovered(machines[i], error);
            }
        }

        // Together, because machines start in the order of their priority.
        IReadOnlyList<RecoveryRequest> requests = [.. wanted.Select(one => one.Request)];
        var accepted = AcceptedWork.Of(http);
        foreach (var begun in requests)
        {
            accepted.Begin(begun.Machine);
        }

        if (AcceptedWork.IsPreferred(http) && requests.Count > 0)
        {
            AcceptedWork.Mark(http);
            accepted.Start(http, [.. requests.Select(one => one.Machine)], async () =>
                [.. (await recovery.RecoverManyAsync(requests, stopping)).Where(outcome => outcome.Error is not null).Select(outcome => (outcome.Request.Machine, outcome.Error!))]);
            wanted.ForEach(one => results[one.Index] = Answers.Recovered(machines[one.Index], null, Answers.Accepted));
            return Answers.Quiet(Answers.Tally(results, result => result.Scode), ApiJson.Readable.EnvelopeTallyDataRecoverResult);
        }

        var outcomes = await recovery.RecoverManyAsync(requests, stopping);
        foreach (var (one, outcome) in wanted.Zip(outcomes))
        {
            results[one.Index] = Answers.Recovered(machines[one.Index], outcome.Error);
        }

        return Answers.Quiet(Answers.Tally(results, result => result.Scode), ApiJson.Readable.EnvelopeTallyDataRecoverResult);
    }

    private static async ValueTask<RecoveryRequest> ReadAsync(
        RecoverVmRequest request, string actor, IStateReader state, Func<MachineView, Guid> siteOf, CancellationToken cancellationToken)
    {
        var view = await MachineResolver.FindAsync(state, request.PlanUuid, request.VmUuid, cancellationToken);
        if (string.IsNullOrWhiteSpace(request.VmBackupUuid))
        {
            // The newest point would be a guess, and a recovery replaces disks.
            throw new DisasterToleranceException(
                ErrorCode.InvalidArgument,
                $"'vm_backup_uuid' is missing for machine '{view.Machine.Name}'. Nothing was changed. Take a Name or Uuid from vm/backup/list.");
        }

        return new RecoveryRequest
        {
            Machine = view.Machine.Uuid,
            Site = siteOf(view),
            Point = request.VmBackupUuid,
            Host = request.StartupHosts?.FirstOrDefault(host => !string.IsNullOrEmpty(host)),
            Force = request.Force ?? false,
            Actor = actor,
        };
    }
}
