using System.Text.Json.Nodes;

namespace DisasterTolerance.HttpApi.OpenApi;

/// <summary>A request of the API reference and what it shows as the answer. Immutable.</summary>
/// <param name="Query">What follows the question mark; empty for nothing.</param>
/// <param name="Request">The request's body; null for none.</param>
/// <param name="Answer">The answer's body.</param>
internal sealed record ReferenceExample(string Query, JsonNode? Request, JsonNode Answer)
{
    /// <summary>Reads the example of a route.</summary>
    /// <param name="route">The path below the prefix.</param>
    /// <exception cref="InvalidOperationException">The route has no example.</exception>
    public static ReferenceExample Of(string route)
    {
        using var stream = typeof(ReferenceExample).Assembly.GetManifestResourceStream(route.Replace('/', '.'))
            ?? throw new InvalidOperationException($"Route '{route}' has no example.");
        var example = JsonNode.Parse(stream)!.AsObject();
        var target = example["target"]!.GetValue<string>().Split('?');
        return new ReferenceExample(target.Length > 1 ? target[1] : "", example["request"]?.DeepClone(), example["response"]!.DeepClone());
    }
}
