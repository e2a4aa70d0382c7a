using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>What the stores of both sites hold, machine by machine.</summary>
internal static class SiteBackupEndpoints
{
    public static void Map(IEndpointRouteBuilder group)
    {
        group.MapPost("/mastercluster/backup/list", ListMasterAsync).Reads("mastercluster/backup/list", ApiJson.Readable.ListMasterBackupsRequest, ApiJson.Readable.EnvelopeMasterBackupsData);
        group.MapPost("/slavecluster/backup/list", ListSlaveAsync).Reads("slavecluster/backup/list", ApiJson.Readable.ListSlaveBackupsRequest, ApiJson.Readable.EnvelopeSlaveBackupsData);
    }

    private static async Task<IResult> ListMasterAsync(HttpContext http, IStateReader state)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.ListMasterBackupsRequest);
        var sites = http.SiteNames();
        var (found, total, note) = await ReadAsync(http, state, request, (query, faults) => query with { Master = faults.OptionalUuid(request.MasterCluster, "master_cluster") });
        return Answers.Quiet(new MasterBackupsData(Status.Ok, total, found.Select(view => WireMap.MasterBackup(view, sites))), ApiJson.Readable.EnvelopeMasterBackupsData, note);
    }

    private static async Task<IResult> ListSlaveAsync(HttpContext http, IStateReader state)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.ListSlaveBackupsRequest);
        var sites = http.SiteNames();
        var (found, total, note) = await ReadAsync(http, state, request, (query, faults) => query with { Slave = faults.OptionalUuid(request.SlaveCluster, "slave_cluster") });
        return Answers.Quiet(new SlaveBackupsData(Status.Ok, total, found.Select(view => WireMap.SlaveBackup(view, sites))), ApiJson.Readable.EnvelopeSlaveBackupsData, note);
    }

    private static async ValueTask<(IAsyncEnumerable<MachineView> Found, long Total, string Note)> ReadAsync(
        HttpContext http, IStateReader state, ListSiteBackupsRequest request, Func<MachineQuery, RequestFaults, MachineQuery> ofOneSide)
    {
        var scope = await ListScope.ReadAsync(http, request.ClusterUuid);
        var faults = new RequestFaults();
        var query = ofOneSide(MachineQueries.Of(scope, request.PlanUuid, request.VmUuid, "vm_uuid", request.FilterTypes, request.Fuzzy, faults), faults);
        faults.ThrowIfAny();
        var (found, total) = await Paging.ByNumber(request.Number, request.Page, http.Options()).ReadAsync(state.Pages(query, http), view => view.Machine.Uuid);
        return (found, total, scope.Note);
    }
}
