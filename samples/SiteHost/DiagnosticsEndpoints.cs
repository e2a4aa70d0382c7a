using System.Text.Json;
using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;
using DisasterTolerance.SiteHost.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace DisasterTolerance.SiteHost;

/// <summary>What a demonstration and a probe ask beside the documented routes: health, bytes on the wire, reports of runs.</summary>
internal static class DiagnosticsEndpoints
{
    private const int LastRuns = 20;

    public static void Map(WebApplication app, AccessSettings access)
    {
        app.MapGet("/healthz", Health).AllowAnonymous();
        app.MapGet("/metrics.json", MetricsAsync).Require(access, AccessPolicies.Read);
        app.MapGet("/machines/{machine:guid}.json", MachineAsync).Require(access, AccessPolicies.Read);
    }

    private static JsonHttpResult<Health> Health(IStateReader state)
    {
        var site = state.Site;
        return site.IsReady
            ? TypedResults.Json(new Health("ready", site.UnsureBecause), DiagnosticsJson.Default.Health)
            : TypedResults.Json(new Health("not ready", "The site has not started, or it is stopping."), DiagnosticsJson.Default.Health, statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> MetricsAsync(ILinkManager links, IReplicationEngine engine, CancellationToken cancellationToken)
    {
        var all = await links.ListAsync(cancellationToken);
        return TypedResults.Json(
            new Metrics(
                [.. all.Select(link => new LinkBytes(link.Link.Uuid, link.IsUp, link.BytesSent, link.BytesReceived))],
                [.. engine.ListProgress().Select(work => new WorkProgress(work.Machine, work.Procedure, work.DoneBytes, work.TotalBytes, work.WireBytes))]),
            DiagnosticsJson.Default.Metrics);
    }

    private static async Task<IResult> MachineAsync(Guid machine, IStateReader state, CancellationToken cancellationToken)
    {
        var view = await state.FindMachineAsync(machine, cancellationToken);
        if (view is null)
        {
            return TypedResults.NotFound();
        }

        var runs = await state.ListRunsAsync(view.Machine.Uuid, LastRuns, cancellationToken);
        var points = await state.ListPointsAsync(new PointQuery { Machine = view.Machine.Uuid, Site = state.Site.Uuid }, cancellationToken);
        return TypedResults.Json(
            new MachineReport(
                view.Machine.Procedure,
                view.Machine.Ownership.Owner,
                view.Machine.Ownership.Number,
                [.. runs.Select(run => new RunSummary(run.Uuid, run.Kind, run.Outcome, run.Error, JsonDocument.Parse(run.Report).RootElement))],
                [.. points.Items.Select(point => new PointSummary(point.Uuid, point.Name, point.Kind, point.DiskBytes, point.Origin))]),
            DiagnosticsJson.Default.MachineReport);
    }
}

internal sealed record Health(string State, string Reason);

internal sealed record Metrics(IReadOnlyList<LinkBytes> Links, IReadOnlyList<WorkProgress> Progress);

/// <summary>Bytes since the process started.</summary>
internal sealed record LinkBytes(Guid Uuid, bool IsUp, long Sent, long Received);

internal sealed record WorkProgress(Guid Machine, Procedure Procedure, long DoneBytes, long TotalBytes, long WireBytes);

/// <summary>A machine, its last runs and its points in this site's store.</summary>
internal sealed record MachineReport(Procedure Procedure, Guid Owner, long Epoch, IReadOnlyList<RunSummary> Runs, IReadOnlyList<PointSummary> Points);

internal sealed record RunSummary(Guid Uuid, string Kind, ErrorCode Outcome, string Error, JsonElement Report);

internal sealed record PointSummary(Guid Uuid, string Name, PointKind Kind, long DiskBytes, Guid Origin);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(Metrics))]
[JsonSerializable(typeof(MachineReport))]
internal sealed partial class DiagnosticsJson : JsonSerializerContext;
