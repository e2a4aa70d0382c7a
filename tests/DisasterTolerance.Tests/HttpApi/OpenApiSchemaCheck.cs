using System.Text.Json.Nodes;
using NJsonSchema;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>Checks values against schemas of a document with a validator that knows nothing of this product.</summary>
internal static class OpenApiSchemaCheck
{
    /// <summary>What is wrong with a value; empty if nothing is.</summary>
    /// <param name="document">The document.</param>
    /// <param name="schema">A schema of it.</param>
    /// <param name="value">The value.</param>
    public static async Task<IReadOnlyList<string>> FaultsAsync(JsonObject document, JsonNode schema, JsonNode value)
    {
        // The validator looks for named schemas where drafts before OpenAPI kept them.
        var whole = schema.DeepClone().AsObject();
        whole["definitions"] = document["components"]!["schemas"]!.DeepClone();
        var text = whole.ToJsonString().Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal);
        var parsed = await JsonSchema.FromJsonAsync(text, TestContext.Current.CancellationToken);
        return [.. parsed.Validate(value.ToJsonString()).Select(fault => fault.ToString())];
    }
}
