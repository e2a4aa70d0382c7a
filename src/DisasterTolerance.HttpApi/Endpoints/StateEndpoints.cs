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

    private static async Task<IResult> ListAsync(HttpContext http, IStateReader state, ILinkManager links)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.ListStateRequest);
        var scope = await ListScope.ReadAsync(http, request.ClusterUuid);
        var faults = new RequestFaults();
        var query = MachineQueries.Of(scope, request.PlanUuid, request.Vms, "vms", request.FilterTypes, request.Fuzzy, faults) with
        {
            Master = faults.OptionalUuid(request.MasterCluster, "master_cluster"),
        };
        faults.ThrowIfAny();
        var (found, total) = await Paging.ByNumber(request.Number, request.Page, http.Options()).ReadAsync(state.Pages(query, http), view => view.Machine.Uuid);
        var (sites, facts) = (http.SiteNames(), await FactsAsync(http, state, links));
        return Answers.Quiet(new StateData(Status.Ok, total, found.Select(machine => WireMap.State(machine, sites, facts))), ApiJson.Readable.EnvelopeStateData, scope.Note);
    }

    private static async ValueTask<StateFacts> FactsAsync(HttpContext http, IStateReader state, ILinkManager links)
    {
        var site = state.Site;
        var down = (await links.ListAsync(http.RequestAborted)).Where(link => !link.IsUp).ToLookup(link => link.Link.SideA == site.Uuid ? link.Link.SideB : link.Link.SideA, link => link.Since);
        return new StateFacts(site.IsUnsure, down.ToDictionary(peer => peer.Key, peer => peer.Max()), site.Uuid, http.Options().TimeZone, AcceptedWork.Of(http).FindFailure);
    }
}
