using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>The state of protected machines.</summary>
internal static class StateEndpoints
{
    public static void Map(IEndpointRouteBuilder group) => group.MapPost("/state", ListAsync).Reads("state", ApiJson.Readable.ListStateRequest, ApiJson.Readable.EnvelopeStateData);

    private static async Task<IResult> ListAsync(HttpContext http, IStateReader state)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.ListStateRequest);
        var faults = new RequestFaults();
        var query = new MachineQuery
        {
            Master = faults.OptionalUuid(request.MasterCluster, "master_cluster"),
            Plan = faults.OptionalUuid(request.PlanUuid, "plan_uuid"),
            Uuids = faults.Uuids(request.Vms, "vms"),
            Types = [.. (request.FilterTypes ?? []).OfType<string>().Where(type => type.Length > 0)],
            Fuzzy = request.Fuzzy ?? "",
        };
        faults.ThrowIfAny();
        var paging = Paging.ByNumber(request.Number, request.Page, http.Options());
        var (found, total) = await paging.ReadAsync(
            (skip, take) => state.ListMachinesAsync(query with { Skip = skip, Take = take }, http.RequestAborted));
        var sites = http.SiteNames();
        return Answers.Quiet(
            new StateData(Status.Ok, total, [.. found.Select(machine => WireMap.State(machine, sites))]), ApiJson.Readable.EnvelopeStateData);
    }
}
