using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi.Contracts;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>Recovery points of a machine.</summary>
internal static class BackupEndpoints
{
    public static void Map(IEndpointRouteBuilder group) => group.MapPost("/vm/backup/list", ListAsync).Reads("vm/backup/list", ApiJson.Readable.ListBackupsRequest, ApiJson.Readable.EnvelopeBackupsData);

    private static async Task<IResult> ListAsync(HttpContext http, IStateReader state)
    {
        var request = await RequestReader.ReadAsync(http, ApiJson.Readable.ListBackupsRequest);
        var view = await MachineResolver.FindAsync(state, request.PlanUuid, request.VmUuid, http.RequestAborted);
        var store = StoreNamedBy(Guid.Parse(request.VmUuid!), view, state.Site.Uuid);
        var note = store == state.Site.Uuid ? "" : await NoteAsync(http, view, store);
        var faults = new RequestFaults();
        var query = new PointQuery
        {
            Machine = view.Machine.Uuid,
            Site = store,
            From = faults.OptionalTime(request.StartTime, "start_time"),
            Until = EndOfSecond(faults.OptionalTime(request.EndTime, "end_time")),
        };
        faults.ThrowIfAny();
        var paging = Paging.ByPage(request.Number, request.Page);
        var (found, total) = await paging.ReadAsync(
            (skip, take) => state.ListPointsAsync(query with { Skip = skip, Take = take }, http.RequestAborted), point => point.Uuid);
        var zone = http.Options().TimeZone;
        return Answers.Quiet(
            new BackupsData(Status.Ok, total, found.Select(point => WireMap.Backup(point, zone))), ApiJson.Readable.EnvelopeBackupsData, note);
    }

    /// <summary>The master-side uuid asks for the master's store, the slave-side uuid for the slave's, the object's own for that of the site that answers.</summary>
    private static Guid StoreNamedBy(Guid uuid, MachineView view, Guid thisSite) =>
        uuid == view.Machine.MasterUuid ? view.Plan.Master : uuid == view.Machine.SlaveUuid ? view.Plan.Slave : thisSite;

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.PeerUnreachable"/> if the other site never told of its store.</exception>
    private static ValueTask<string> NoteAsync(HttpContext http, MachineView view, Guid store)
    {
        var sites = http.SiteNames();
        return view.Machine.PeerCatalog != Guid.Empty || view.PeerIsUp is true
            ? ListScope.NoteAsync(http, store, sites)
            : throw new DisasterToleranceException(
                ErrorCode.PeerUnreachable,
                $"Site '{sites.Of(store)}' does not answer, and it never told what its store holds of machine '{view.Machine.Name}'. Bring the link up, or ask that site itself.",
                isTransient: true);
    }

    /// <summary>Points are committed within a second, the wire knows whole ones.</summary>
    private static DateTimeOffset? EndOfSecond(DateTimeOffset? time) => time is { } start && start < DateTimeOffset.MaxValue.AddSeconds(-1) ? start.AddMilliseconds(999) : time;
}
