using DisasterTolerance.HttpApi.Mapping;
using DisasterTolerance.Links;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace DisasterTolerance.HttpApi.Requests;

/// <summary>What handlers ask of a request beside its body.</summary>
internal static class HttpContextReading
{
    public static DisasterToleranceHttpOptions Options(this HttpContext http) =>
        http.RequestServices.GetRequiredService<IOptions<DisasterToleranceHttpOptions>>().Value;

    /// <summary>The names of this site and its peers.</summary>
    public static SiteNames SiteNames(this HttpContext http) =>
        new(http.RequestServices.GetRequiredService<IStateReader>().Site, http.RequestServices.GetServices<PeerOptions>());

    /// <summary>Who asks, for the audit log.</summary>
    public static string Actor(this HttpContext http)
    {
        var remote = http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : http.Connection.RemoteIpAddress;
        return http.User.Identity?.Name is not { Length: > 0 } name ? $"http {remote}" : remote is null ? name : $"{name} from {remote}";
    }

    /// <summary>The object's uuid from the body, else from the query.</summary>
    public static Guid Uuid(this HttpContext http, string? fromBody)
    {
        var faults = new RequestFaults();
        var uuid = faults.Uuid(string.IsNullOrWhiteSpace(fromBody) ? http.Request.Query["uuid"].ToString() : fromBody, "uuid");
        faults.ThrowIfAny();
        return uuid;
    }

    /// <summary>Where messages about requests go.</summary>
    public static ILogger Logger(this HttpContext http) => http.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("DisasterTolerance.HttpApi");

    /// <summary>For work that goes on when the client goes away: it ends with the host only.</summary>
    public static CancellationToken HostStopping(this HttpContext http) =>
        http.RequestServices.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
}
