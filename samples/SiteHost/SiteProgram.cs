using DisasterTolerance.HttpApi;
using DisasterTolerance.SiteHost.Access;
using DisasterTolerance.SiteHost.Audit;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace DisasterTolerance.SiteHost;

/// <summary>Runs the site until the process is asked to end.</summary>
internal static class SiteProgram
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(4);

    public static async Task<int> RunAsync(string[] args)
    {
        await using var app = Build(args);
        await app.StartAsync();
        var http = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var site = app.Services.GetRequiredService<IStateReader>().Site;
        Console.WriteLine($"Site '{site.Name}' ({site.Uuid}) is ready: {string.Join(' ', http)}");
        await app.WaitForShutdownAsync();
        return 0;
    }

    private static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        var settings = SiteSettings.Read(builder.Configuration);
        SiteAccess.Add(builder, settings.Access);
        AddSite(builder, settings);
        builder.Services.AddHostedService<AuditTrail>();
        builder.Services.Configure<DisasterToleranceHttpOptions>(http =>
        {
            var section = builder.Configuration.GetSection("Http");
            http.MaxBodyBytes = section.GetValue(nameof(http.MaxBodyBytes), http.MaxBodyBytes);
            http.PagingByTables = section.GetValue(nameof(http.PagingByTables), http.PagingByTables);
            http.ErrorsKeepStatus200 = section.GetValue(nameof(http.ErrorsKeepStatus200), http.ErrorsKeepStatus200);
            http.TimeZone = settings.TimeZone;
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = LongestStop);
        var app = builder.Build();
        SiteAccess.Use(app, settings.Access);
        app.MapDisasterTolerance().Require(settings.Access, AccessPolicies.Route);
        DiagnosticsEndpoints.Map(app, settings.Access);
        return app;
    }

    private static void AddSite(WebApplicationBuilder builder, SiteSettings settings)
    {
        var configuration = builder.Configuration;
        var site = builder.Services.AddDisasterTolerance(options =>
        {
            options.Uuid = settings.Uuid;
            options.Name = settings.Name;
            options.DataDirectory = settings.Data;
        });
        site.AddSqliteCatalog();
        site.ConfigureLink(options => configuration.GetSection("Link").Bind(options));
        site.ConfigureEngine(options => configuration.GetSection("Engine").Bind(options));
        site.ConfigureRetention(options => configuration.GetSection("Retention").Bind(options));
        site.ConfigurePlans(options => configuration.GetSection("Plans").Bind(options));
        site.ConfigureStore(options => configuration.GetSection("Store").Bind(options));
        foreach (var (name, hypervisor) in settings.Hypervisors)
        {
            hypervisor.AddTo(site, name);
        }

        foreach (var peer in settings.Peers)
        {
            site.AddPeer(peer);
        }
    }
}
