using DisasterTolerance.Catalog;
using DisasterTolerance.HttpApi;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Testing.Links;
using DisasterTolerance.Testing.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Benchmarks.Lists;

/// <summary>
/// A site over the large catalog, behind the HTTP routes. Only its catalog is open: it was not started, so it captures, ships and watches nothing while lists are measured, and its time stands still.
/// </summary>
internal sealed class ListSite : IAsyncDisposable
{
    private const int WarmUpRounds = 5;
    private const int CallsPerRound = 40;

    private readonly WebApplication _app;

    private ListSite(WebApplication app)
    {
        _app = app;
        Client = app.GetTestClient();
    }

    public IPlanManager Plans => _app.Services.GetRequiredService<IPlanManager>();

    public IStateReader State => _app.Services.GetRequiredService<IStateReader>();

    public HttpClient Client { get; }

    public static async Task<ListSite> OpenAsync(LargeCatalog catalog)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton<TimeProvider>(new StandingClock());
        var network = new SimulatedLink(new SimulatedSite(LargeCatalogRows.Here, new string('a', 64)), new SimulatedSite(LargeCatalogRows.There, new string('b', 64)), TimeProvider.System);
        builder.Services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (LargeCatalogRows.Here, "here", "in memory"))
            .AddSqliteCatalog(catalog.File)
            .AddHypervisor("hci", _ => new InMemoryHypervisor(TimeProvider.System))
            .AddHypervisor("vsphere", _ => new InMemoryHypervisor(TimeProvider.System))
            .AddStorage(_ => new InMemoryStorage())
            .AddTransport(_ => network.First)
            .AddPeer(new PeerOptions { Uuid = LargeCatalogRows.There, Name = "there", Endpoint = "there:9301", PublicKey = new string('b', 64) })
            .AddPeer(new PeerOptions { Uuid = LargeCatalogRows.Elsewhere, Name = "elsewhere", Endpoint = "elsewhere:9301", PublicKey = new string('c', 64) });
        builder.Services.Remove(builder.Services.Single(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType == typeof(SiteHostedService)));
        var app = builder.Build();
        app.MapDisasterTolerance();
        await app.StartAsync();
        await app.Services.GetRequiredService<ICatalog>().OpenAsync(CancellationToken.None);
        var site = new ListSite(app);
        await site.WarmUpAsync();
        return site;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    // The runtime compiles hot code anew in the background; on one core it comes to that only in pauses.
    private async Task WarmUpAsync()
    {
        for (var round = 0; round < WarmUpRounds; round++)
        {
            for (var call = 0; call < CallsPerRound; call++)
            {
                await Plans.ListAsync(new PlanQuery { Take = 50 });
                await State.ListMachinesAsync(new MachineQuery { Take = 50 });
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300));
        }
    }

    private sealed class StandingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => LargeCatalogRows.Now;
    }
}
