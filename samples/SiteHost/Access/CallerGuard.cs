using System.Net;
using DisasterTolerance.HttpApi;
using Microsoft.Extensions.Primitives;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>Keeps web pages of other origins out: their names for this host, their origin, and what they may send without asking. No answer carries a CORS header.</summary>
internal sealed class CallerGuard(AccessSettings access, ILogger<CallerGuard> logger)
{
    /// <summary>Refuses a foreign <c>Host</c>, which is how a rebound DNS name shows, and a foreign <c>Origin</c>.</summary>
    public Task CheckCallerAsync(HttpContext http, RequestDelegate next)
    {
        var host = http.Request.Host;
        if (!IsOwn(host.Host, http.Connection.LocalIpAddress))
        {
            Log.ForeignHost(logger, http.Connection.RemoteIpAddress, host.Value);
            return Refusal.ForeignHost.WriteAsync(http, $"This host is not called '{host.Host}'. Nothing was changed. Use the address that it listens on, or list the name in its Api:Hosts.");
        }

        if (http.Request.Headers.TryGetValue("Origin", out var origin) && !IsOwn(origin, http.Request))
        {
            Log.ForeignOrigin(logger, http.Connection.RemoteIpAddress, origin.ToString());
            return Refusal.ForeignOrigin.WriteAsync(http, $"The request comes from a web page of '{origin}'. Nothing was changed. If that page may command this site, list it in the host's Api:Origins.");
        }

        return next(http);
    }

    /// <summary>Refuses changes that a page may send to any host without asking it first: those whose content type is not JSON.</summary>
    public Task CheckContentTypeAsync(HttpContext http, RequestDelegate next)
    {
        var changes = http.GetEndpoint()?.Metadata.GetMetadata<DisasterToleranceRoute>() is { Changes: true };
        return !changes || access.AnyContentType || http.Request.HasJsonContentType()
            ? next(http)
            : Refusal.NotJson.WriteAsync(
                http, $"{http.Request.Path} takes 'Content-Type: application/json' only, and the request has '{http.Request.ContentType}'. Nothing was changed. Send that header, or set the host's Api:AnyContentType.");
    }

    private bool IsOwn(string host, IPAddress? listening)
    {
        var name = host.Trim('[', ']');
        return HostNames.IsLoopback(name) || access.Hosts.Contains(name) || (IPAddress.TryParse(name, out var address) && address.Plain().Equals(listening?.Plain()));
    }

    private bool IsOwn(StringValues origin, HttpRequest request) =>
        origin is [{ } one] && (one.Equals($"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase) || access.Origins.Contains(one));
}
