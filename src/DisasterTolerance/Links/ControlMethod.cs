using System.Text.Json.Serialization.Metadata;

namespace DisasterTolerance.Links;

/// <summary>Names a request that goes over the control connection, and how its two bodies are written.</summary>
/// <typeparam name="TRequest">The request's body.</typeparam>
/// <typeparam name="TResponse">The response's body.</typeparam>
/// <param name="Name">1 to 64 printable ASCII characters, such as <c>ship.begin</c>. Part of the protocol: never renamed.</param>
/// <param name="Request">Source-generated JSON of the request.</param>
/// <param name="Response">Source-generated JSON of the response.</param>
internal sealed record ControlMethod<TRequest, TResponse>(string Name, JsonTypeInfo<TRequest> Request, JsonTypeInfo<TResponse> Response)
{
    /// <summary>How long the caller waits for the answer; null takes <see cref="LinkOptions.CallTimeout"/>. Infinite leaves it to the caller's token and the heartbeat.</summary>
    public TimeSpan? Timeout { get; init; }
}
