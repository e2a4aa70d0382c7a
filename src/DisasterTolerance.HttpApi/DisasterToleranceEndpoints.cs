using DisasterTolerance.HttpApi;
using DisasterTolerance.HttpApi.Endpoints;
using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.HttpApi.OpenApi;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the documented routes of DisasterTolerance.</summary>
public static class DisasterToleranceEndpoints
{
    /// <summary>
    /// Maps the routes under <c>/v1/disaster_tolerant_plan</c>. Who may call them is the host's decision: chain <c>RequireAuthorization</c> or filters on what is returned.
    /// Without one, whoever reaches the host may do everything. Needs the services of <c>AddDisasterTolerance</c>.
    /// </summary>
    /// <remarks>
    /// Beside the 18 documented routes it maps <c>GET /v1/disaster_tolerant_plan/openapi.json</c>: an OpenAPI 3.1 document of them, with schemas, examples and every error code, written at the first
    /// request and kept. It takes part in the conventions like the others, and its <see cref="DisasterTolerance.HttpApi.DisasterToleranceRoute"/> says that it changes nothing.
    /// </remarks>
    /// <param name="endpoints">Where to map.</param>
    /// <exception cref="DisasterTolerance.DisasterToleranceException"><see cref="DisasterTolerance.ErrorCode.InvalidArgument"/> if <see cref="DisasterToleranceHttpOptions"/> are not valid.</exception>
    /// <returns>Conventions that apply to all of the routes.</returns>
    public static IEndpointConventionBuilder MapDisasterTolerance(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.ServiceProvider.GetRequiredService<IOptions<DisasterToleranceHttpOptions>>().Value.Demand();
        var group = endpoints.MapGroup("/v1/disaster_tolerant_plan");
        group.AddEndpointFilter(ErrorFilter.InvokeAsync);
        group.WithMetadata(new AcceptedWork());
        PlanEndpoints.Map(group);
        SiteBackupEndpoints.Map(group);
        RecoveryEndpoints.Map(group);
        StateEndpoints.Map(group);
        BackupEndpoints.Map(group);
        WorkEndpoints.Map(group);
        LinkEndpoints.Map(group);
        OpenApiEndpoint.Map(group);
        return group;
    }
}
