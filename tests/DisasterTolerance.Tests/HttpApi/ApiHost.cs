using System.Net;
using System.Text;
using DisasterTolerance.HttpApi;
using DisasterTolerance.Links;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NSubstitute;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>The routes over services that a test plays.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    public const string Prefix = "/v1/disaster_tolerant_plan";
    public static readonly Guid Master = new("5ea15037-7a21-4233-8c69-b8112156c474");
    public static readonly Guid Slave = new("b62e7f1b-28c2-4fa7-9226-63231bbd84ea");

    private readonly WebApplication _app;
    private readonly HttpClient _client;

    private ApiHost(WebApplication app)
    {
        _app = app;
        _client = app.GetTestClient();
    }

    public IPlanManager Plans { get; private init; } = null!;

    public ILinkManager Links { get; private init; } = null!;

    public IReplicationEngine Engine { get; private init; } = null!;

    public IRecoveryService Recovery { get; private init; } = null!;

    public IStateReader State { get; private init; } = null!;

    public static async Task<ApiHost> StartAsync(Action<DisasterToleranceHttpOptions>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.Configure<DisasterToleranceHttpOptions>(options =>
        {
            options.TimeZone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(8), "test", "test");
            configure?.Invoke(options);
        });
        var (plans, links, engine, recovery, state) = (
            Substitute.For<IPlanManager>(), Substitute.For<ILinkManager>(), Substitute.For<IReplicationEngine>(), Substitute.For<IRecoveryService>(), Substitute.For<IStateReader>());
        IReadOnlyList<LinkView> noLinks = [];
        links.ListAsync(CancellationToken.None).ReturnsForAnyArgs(noLinks);
        state.Site.Returns(new SiteView(Master, "cluster_name_213", IsReady: true, IsUnsure: false, ""));
        builder.Services.AddSingleton(plans).AddSingleton(links).AddSingleton(engine).AddSingleton(recovery).AddSingleton(state);
        builder.Services.AddSingleton(new PeerOptions { Uuid = Slave, Name = "cluster_name_212" });
        var app = builder.Build();
        app.MapDisasterTolerance();
        await app.StartAsync();
        return new ApiHost(app) { Plans = plans, Links = links, Engine = engine, Recovery = recovery, State = state };
    }

    public Task<(HttpStatusCode Status, string Body)> PostAsync(string route, string body, string? prefer = null) => PostAsync(route, Encoding.UTF8.GetBytes(body), prefer);

    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string route, byte[] body, string? prefer = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Prefix + route, UriKind.Relative)) { Content = new ByteArrayContent(body) };
        if (prefer is not null)
        {
            request.Headers.Add("Prefer", prefer);
        }

        using var response = await _client.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<(HttpStatusCode Status, string Body)> GetAsync(string route)
    {
        using var response = await _client.GetAsync(new Uri(Prefix + route, UriKind.Relative));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }
}
