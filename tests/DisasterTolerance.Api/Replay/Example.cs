using System.Text.Json;

namespace DisasterTolerance.Api.Replay;

/// <summary>A request of the API reference and what it shows as the answer. Immutable.</summary>
/// <param name="Route">The path below the prefix, with its slash.</param>
/// <param name="Method">GET or POST.</param>
/// <param name="Target">Path and query.</param>
/// <param name="Request">The request's body; null for none.</param>
/// <param name="Response">The answer's body.</param>
internal sealed record Example(string Route, HttpMethod Method, string Target, byte[]? Request, JsonElement Response)
{
    public static IEnumerable<string> Names => typeof(Example).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal);

    /// <summary>Reads an example.</summary>
    /// <param name="name">The route with dots, for instance <c>link.add</c>.</param>
    public static Example Read(string name)
    {
        using var stream = typeof(Example).Assembly.GetManifestResourceStream(name) ?? throw new ArgumentException($"There is no example '{name}'.", nameof(name));
        using var document = JsonDocument.Parse(stream);
        var root = document.RootElement;
        var request = root.TryGetProperty("request", out var body) && body.ValueKind == JsonValueKind.Object ? JsonSerializer.SerializeToUtf8Bytes(body) : null;
        return new Example(
            "/" + name.Replace('.', '/'), new HttpMethod(root.GetProperty("method").GetString()!), root.GetProperty("target").GetString()!, request, root.GetProperty("response").Clone());
    }
}
