using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>Plans.</summary>
internal static class PlanEndpoints
{
    private const int MostWarnings = 20;

    public static void Map(IEndpointRouteBuilder group)
    {
        group.MapPost("/add", AddAsync).Changes("add", ApiJson.Readable.AddPlanRequest, ApiJson.Readable.EnvelopePlansData);
        group.MapMethods("/get", [HttpMethods.Get, HttpMethods.Post], GetAsync).Reads("get", ApiJson.Readable.UuidRequest, ApiJson.Readable.EnvelopePlansData);
        group.MapPost("/delete", DeleteAsync).Changes("delete", ApiJson.Readable.UuidRequest, ApiJson.Readable.EnvelopeStatusData);
        group.MapPost("/list", ListAsync).Reads("list", ApiJson.Readable.ListPlansRequest, ApiJson.Readable.EnvelopePlansData);
        group.MapPost("/edit", EditAsync).Changes("edit", ApiJson.Readable.EditPlanRequest, ApiJson.Readable.EnvelopePlansData);
    }

    private static async Task<IResult> AddAsync(HttpContext http, IPlanManager plans, IReplicationEngine engine)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.AddPlanRequest);
        var plan = await plans.AddAsync(PlanReading.Specification(request, http.Actor()), http.HostStopping());
        return One(plan, http, engine);
    }

    private static async Task<IResult> GetAsync(HttpContext http, IPlanManager plans, IReplicationEngine engine)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.UuidRequest);
        var uuid = http.Uuid(request.Uuid);
        var plan = await plans.FindAsync(uuid, http.RequestAborted);
        return One(plan ?? throw Unknown(uuid), http, engine);
    }

    private static async Task<IResult> DeleteAsync(HttpContext http, IPlanManager plans)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.UuidRequest);
        await plans.DeleteAsync(http.Uuid(request.Uuid), http.Actor(), http.HostStopping());
        return Answers.Done();
    }

    private static async Task<IResult> EditAsync(HttpContext http, IPlanManager plans, IReplicationEngine engine)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.EditPlanRequest);
        var plan = await plans.EditAsync(http.Uuid(request.Uuid), PlanReading.Edit(request, http.Actor()), http.HostStopping());
        return One(plan, http, engine);
    }

    private static async Task<IResult> ListAsync(HttpContext http, IPlanManager plans, IReplicationEngine engine)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.ListPlansRequest);
        var scope = await ListScope.ReadAsync(http, request.ClusterUuid);
        var faults = new RequestFaults();
        var query = new PlanQuery
        {
            Master = faults.OptionalUuid(request.MasterCluster, "master_cluster"),
            AnySite = scope.AnySite,
            Types = MachineQueries.Texts(request.FilterTypes, "filter_types", faults),
            Fuzzy = MachineQueries.Text(request.Fuzzy, "fuzzy", faults),
        };
        faults.ThrowIfAny();
        var paging = Paging.ByNumber(request.Number, request.Page, http.Options());
        var (found, total) = await paging.ReadAsync((skip, take) => plans.ListAsync(query with { Skip = skip, Take = take }, http.RequestAborted), view => view.Plan.Uuid);
        var (sites, working) = (http.SiteNames(), Working(engine));
        return Answers.Quiet(new PlansData(Status.Ok, total, found.Select(plan => WireMap.Plan(plan, sites, working))), ApiJson.Readable.EnvelopePlansData, scope.Note);
    }

    private static IResult One(PlanView plan, HttpContext http, IReplicationEngine engine)
    {
        PlanInfo[] one = [WireMap.Plan(plan, http.SiteNames(), Working(engine))];
        return Answers.Quiet(new PlansData(Status.Ok, 1, one.ToAsyncEnumerable()), ApiJson.Readable.EnvelopePlansData, Note(plan.Warnings));
    }

    // A plan may have a warning for each of its many machines.
    private static string Note(IReadOnlyList<string> warnings) =>
        string.Join(' ', warnings.Take(MostWarnings)) + (warnings.Count > MostWarnings ? $" There are {warnings.Count - MostWarnings} more warnings like these." : "");

    private static Dictionary<Guid, RunProgress> Working(IReplicationEngine engine) =>
        engine.ListProgress().GroupBy(work => work.Machine).ToDictionary(works => works.Key, works => works.MaxBy(work => work.Procedure)!);

    private static DisasterToleranceException Unknown(Guid uuid) =>
        new(ErrorCode.NotFound, $"There is no plan {uuid}. It may have been deleted; 'list' shows those that exist.");
}
