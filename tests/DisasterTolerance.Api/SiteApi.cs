using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DisasterTolerance.HttpApi;
using DisasterTolerance.Links;
using DisasterTolerance.Scenarios.Harness;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Api;

/// <summary>The routes of one site of a simulated world, over the services that the site really has. Lives no longer than the site's process.</summary>
internal sealed class SiteApi : IAsyncDisposable
{
    public const string Prefix = "/v1/disaster_tolerant_plan";

    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private SiteApi(WebApplication app) => (_app, _client) = (app, app.GetTestClient());

    /// <summary>Everything that was logged at warning level or above, but for expected refusals.</summary>
    public LevelLog Logged { get; private init; } = new();

    public static async Task<SiteApi> ServeAsync(SimSite site, Action<DisasterToleranceHttpOptions>? configure = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddRouting();
        var logged = new LevelLog();
        builder.Logging.AddProvider(logged);
        builder.Services.Configure<DisasterToleranceHttpOptions>(options =>
        {
            options.TimeZone = TimeZoneInfo.CreateCustomTimeZone("+8", TimeSpan.FromHours(8), "+8", "+8");
            configure?.Invoke(options);
        });
        builder.Services
            .AddSingleton(site.Plans).AddSingleton(site.Links).AddSingleton(site.Replication).AddSingleton(site.Recovery).AddSingleton(site.State)
            .AddSingleton(site.Get<PeerOptions>()).AddSingleton(site.Get<TimeProvider>());
        var app = builder.Build();
        app.MapDisasterTolerance();
        await app.StartAsync();
        return new SiteApi(app) { Logged = logged };
    }

    public Task<ApiAnswer> PostAsync(string route, string body, string? prefer = null) => SendAsync(HttpMethod.Post, Prefix + route, Encoding.UTF8.GetBytes(body), prefer);

    public async Task<ApiAnswer> SendAsync(HttpMethod method, string target, byte[]? body, string? prefer = null, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(method, new Uri(target, UriKind.Relative)) { Content = body is null ? null : new ByteArrayContent(body) };
        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }

        using var response = await _client.SendAsync(request, cancellationToken);
        return new ApiAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>What a route answered.</summary>
internal sealed record ApiAnswer(HttpStatusCode Status, byte[] Body)
{
    /// <summary>The answer's data.</summary>
    public JsonNode Data => JsonNode.Parse(Body)!["data"]!;

    public override string ToString() => $"{(int)Status} {Encoding.UTF8.GetString(Body)}";
}
