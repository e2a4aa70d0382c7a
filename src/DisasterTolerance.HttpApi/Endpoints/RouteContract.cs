using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;

namespace DisasterTolerance.HttpApi.Endpoints;

/// <summary>The two bodies of a route, for those who describe it. Immutable.</summary>
/// <param name="Request">The request's body; null for none.</param>
/// <param name="Response">The envelope of success.</param>
internal sealed record RouteContract(JsonTypeInfo? Request, JsonTypeInfo Response);

/// <summary>Puts on a route what it does and what it takes and gives.</summary>
internal static class RouteContracts
{
    public static void Reads<TBuilder>(this TBuilder route, string name, JsonTypeInfo? request, JsonTypeInfo response)
        where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new DisasterToleranceRoute(name, Changes: false), new RouteContract(request, response));

    public static void Changes<TBuilder>(this TBuilder route, string name, JsonTypeInfo? request, JsonTypeInfo response)
        where TBuilder : IEndpointConventionBuilder =>
        route.WithMetadata(new DisasterToleranceRoute(name, Changes: true), new RouteContract(request, response));
}
