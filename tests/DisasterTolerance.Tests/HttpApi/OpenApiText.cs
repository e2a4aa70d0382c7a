using System.Net;
using System.Text.Json.Nodes;
using DisasterTolerance.HttpApi;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>The document as a host serves it.</summary>
internal static class OpenApiText
{
    public const string Route = "/openapi.json";

    public static async Task<string> ReadAsync(Action<DisasterToleranceHttpOptions>? configure = null)
    {
        await using var host = await ApiHost.StartAsync(configure);
        var (status, text) = await host.GetAsync(Route);
        Assert.Equal(HttpStatusCode.OK, status);
        return text;
    }

    public static async Task<JsonObject> ParseAsync(Action<DisasterToleranceHttpOptions>? configure = null) => JsonNode.Parse(await ReadAsync(configure))!.AsObject();

    /// <summary>The operations of a document: path, method, operation.</summary>
    public static IEnumerable<(string Path, string Method, JsonObject Operation)> Operations(JsonObject document) =>
        from path in document["paths"]!.AsObject()
        from operation in path.Value!.AsObject()
        select (path.Key, operation.Key, operation.Value!.AsObject());

    /// <summary>Every node below a node.</summary>
    public static IEnumerable<JsonNode> Nodes(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Nodes(member.Value)).Prepend(node),
        JsonArray items => items.SelectMany(Nodes).Prepend(node),
        null => [],
        _ => [node],
    };
}
