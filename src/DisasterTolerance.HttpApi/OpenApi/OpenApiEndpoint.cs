using DisasterTolerance.HttpApi.Endpoints;
using DisasterTolerance.HttpApi.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>Answers the OpenAPI document of the routes beside it. It is written at the first request, when all routes are mapped, and kept. Thread-safe.</summary>
internal sealed class OpenApiEndpoint
{
    private const string Name = "openapi.json";

    private byte[]? _document;

    public static void Map(IEndpointRouteBuilder group) =>
        group.MapGet("/" + Name, new OpenApiEndpoint().Get).WithMetadata(new DisasterToleranceRoute(Name, Changes: false));

    private FileContentHttpResult Get(HttpContext http) => TypedResults.Bytes(_document ??= Write(http), "application/json");

    private static byte[] Write(HttpContext http)
    {
        // A host may map the routes more than once, below prefixes of its own; each document is about its neighbours.
        var prefix = PathOf(http.GetEndpoint())[..^Name.Length];
        var routes = http.RequestServices.GetRequiredService<EndpointDataSource>().Endpoints
            .Where(endpoint => PathOf(endpoint).StartsWith(prefix, StringComparison.Ordinal))
            .Select(endpoint => (Endpoint: endpoint, Contract: endpoint.Metadata.GetMetadata<RouteContract>()))
            .Where(one => one.Contract is not null)
            .Select(one => new MappedRoute(
                PathOf(one.Endpoint),
                one.Endpoint.Metadata.GetRequiredMetadata<DisasterToleranceRoute>(),
                one.Contract!,
                one.Endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods));
        return OpenApiDocument.Write(routes, http.Options());
    }

    private static string PathOf(Endpoint? endpoint) => (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? "";
}
