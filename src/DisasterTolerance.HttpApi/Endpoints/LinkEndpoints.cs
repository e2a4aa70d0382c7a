using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>Links between sites.</summary>
internal static class LinkEndpoints
{
    public static void Map(IEndpointRouteBuilder group)
    {
        group.MapPost("/link/add", AddAsync).Changes("link/add", ApiJson.Readable.AddLinkRequest, ApiJson.Readable.EnvelopeLinksData);
        group.MapPost("/link/delete", DeleteAsync).Changes("link/delete", ApiJson.Readable.UuidRequest, ApiJson.Readable.EnvelopeLinksData);
        group.MapGet("/link/list", ListAsync).Reads("link/list", null, ApiJson.Readable.EnvelopeLinksData);
        group.MapPost("/link/checking", CheckAsync).Changes("link/checking", ApiJson.Readable.CheckLinkRequest, ApiJson.Readable.EnvelopeCheckData);
        group.MapPost("/link/edit", EditAsync).Changes("link/edit", ApiJson.Readable.EditLinkRequest, ApiJson.Readable.EnvelopeLinksData);
    }

    private static async Task<IResult> AddAsync(HttpContext http, ILinkManager links)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.AddLinkRequest);
        var link = await links.AddAsync(Specification(request, http.Actor()), http.HostStopping());
        return Answer([link]);
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, ILinkManager links)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.UuidRequest);
        await links.DeleteAsync(http.Uuid(request.Uuid), http.Actor(), http.HostStopping());
        return Answers.Quiet(new LinksData(Status.Ok, null), ApiJson.Readable.EnvelopeLinksData);
    }

    private static async Task<IResult> ListAsync(HttpContext http, ILinkManager links)
    {
        var scope = await ListScope.ReadAsync(http, http.Request.Query["cluster_uuid"]);
        var all = await links.ListAsync(http.RequestAborted);
        return Answer([.. all.Where(link => scope.AnySite is not { } site || link.Link.SideA == site || link.Link.SideB == site)]);
    }

    private static async Task<IResult> CheckAsync(HttpContext http, ILinkManager links)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.CheckLinkRequest);
        var faults = new RequestFaults();
        var from = faults.Uuid(request.MasterCluster, "master_cluster");
        faults.ThrowIfAny();
        var isOk = await links.CheckAsync(http.Uuid(request.Uuid), from, [.. (request.Hosts ?? []).Select(host => host ?? "")], http.RequestAborted);
        return Answers.Quiet(new CheckData(Status.Ok, isOk), ApiJson.Readable.EnvelopeCheckData);
    }

    private static async Task<IResult> EditAsync(HttpContext http, ILinkManager links)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.EditLinkRequest);
        var faults = new RequestFaults();
        var limit = faults.Number(request.LinkTransportLimit, "link_transport_limit");
        faults.ThrowIfAny();
        var link = await links.EditAsync(http.Uuid(request.Uuid), limit, http.Actor(), http.HostStopping());
        return Answer([link]);
    }

    private static IResult Answer(IReadOnlyList<LinkView> links) =>
        Answers.Quiet(new LinksData(Status.Ok, [.. links.Select(WireMap.Link)]), ApiJson.Readable.EnvelopeLinksData);

    private static LinkSpecification Specification(AddLinkRequest request, string actor)
    {
        var faults = new RequestFaults();
        var limit = faults.Number(request.LinkTransportLimit, "link_transport_limit");
        if (request.Sides is not [{ } one, { } other])
        {
            faults.Add("'sides' does not name exactly two sites");
            faults.ThrowIfAny();
            throw new InvalidOperationException("A fault was added but not thrown.");
        }

        var (sideA, sideB) = (faults.Uuid(one.ClusterUuid, "sides[0].ClusterUUID"), faults.Uuid(other.ClusterUuid, "sides[1].ClusterUUID"));
        faults.ThrowIfAny();
        var (nameA, nameB) = (one.ClusterName ?? "", other.ClusterName ?? "");
        IReadOnlyList<string> relation = request.LinkSideRelation is { Count: > 0 } given ? [.. given.Select(name => name ?? "")] : [nameA, nameB];
        return new LinkSpecification(sideA, nameA, sideB, nameB, limit, relation, actor);
    }
}
