using DisasterTolerance.HttpApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Tests.Docs;

/// <summary>The example of docs/embedding.md that serves the routes, between the markers.</summary>
internal static class EmbeddingExample
{
    public static WebApplication Build(string[] args, Guid here)
    {
        // <embedding>
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddDisasterTolerance(site => (site.Uuid, site.Name, site.DataDirectory) = (here, "north", "/var/lib/north"))
            .AddSqliteCatalog()
            .AddImages("hci", "/srv/machines");
        builder.Services.Configure<DisasterToleranceHttpOptions>(http => http.MaxBodyBytes = 1 << 20);

        // Operators may do everything, readers only what changes nothing.
        builder.Services.AddAuthorizationBuilder().AddPolicy("site", policy => policy.RequireAssertion(call =>
            call.User.IsInRole("operator")
            || (call.User.IsInRole("reader") && call.Resource is HttpContext http
                && http.GetEndpoint()?.Metadata.GetMetadata<DisasterToleranceRoute>() is { Changes: false })));

        var app = builder.Build();
        app.MapDisasterTolerance().RequireAuthorization("site");
        // </embedding>
        return app;
    }
}
