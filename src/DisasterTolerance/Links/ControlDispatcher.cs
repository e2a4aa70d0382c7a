using System.Text;
using System.Text.Json;

namespace DisasterTolerance.Links;

/// <summary>Finds the handler of a request by its method name. Filled before the host starts, read-only afterwards.</summary>
internal sealed class ControlDispatcher
{
    private readonly Dictionary<string, Func<Guid, ReadOnlyMemory<byte>, CancellationToken, ValueTask<byte[]>>> _handlers = new(StringComparer.Ordinal);

    /// <summary>Registers the handler of a method. Handlers run at the same time and may be called again with the same request after a lost link.</summary>
    /// <param name="method">The method.</param>
    /// <param name="handler">
    /// Gets the authenticated peer's uuid, the request and a token that ends with the caller's interest, the connection or the site. What it throws is carried to the
    /// caller: a <see cref="DisasterToleranceException"/> with code, message and transience, anything else without details.
    /// </param>
    /// <exception cref="ArgumentException">The name is not valid or taken.</exception>
    public void Map<TRequest, TResponse>(ControlMethod<TRequest, TResponse> method, Func<Guid, TRequest, CancellationToken, ValueTask<TResponse>> handler)
    {
        if (method.Name.Length is 0 or > LinkLimits.MethodNameBytes || !Ascii.IsValid(method.Name))
        {
            throw new ArgumentException($"'{method.Name}' is not a method name.", nameof(method));
        }

        if (!_handlers.TryAdd(method.Name, Invoke))
        {
            throw new ArgumentException($"Method '{method.Name}' has a handler already.", nameof(method));
        }

        async ValueTask<byte[]> Invoke(Guid peer, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
        {
            var request = Parse(method, body);
            var response = await handler(peer, request, cancellationToken).ConfigureAwait(false);
            return JsonSerializer.SerializeToUtf8Bytes(response, method.Response);
        }
    }

    /// <summary>Runs the handler of a method and returns the JSON of its response.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>: no such method; <see cref="ErrorCode.InvalidArgument"/>: not the JSON of the request; or what the handler throws.</exception>
    public ValueTask<byte[]> InvokeAsync(Guid peer, string method, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        _handlers.TryGetValue(method, out var handler)
            ? handler(peer, body, cancellationToken)
            : throw new DisasterToleranceException(ErrorCode.NotFound, $"This site does not know the method '{method}'. Bring both sites to the same release.");

    private static TRequest Parse<TRequest, TResponse>(ControlMethod<TRequest, TResponse> method, ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body.Span, method.Request)
                ?? throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"The request of '{method.Name}' is empty.");
        }
        catch (JsonException e)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"The request of '{method.Name}' is not valid: {e.Message}", innerException: e);
        }
    }
}
