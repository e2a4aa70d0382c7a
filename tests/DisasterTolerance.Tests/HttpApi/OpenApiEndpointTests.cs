using System.Text.Json.Nodes;
using DisasterTolerance.HttpApi;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Tests.HttpApi;

/// <summary>How the document is served.</summary>
public class OpenApiEndpointTests
{
    [Fact]
    public async Task Get_Twice_AnswersTheSameJson()
    {
        await using var host = await ApiHost.StartAsync();

        var (_, first) = await host.GetAsync(OpenApiText.Route);
        var (_, second) = await host.GetAsync(OpenApiText.Route);

        Assert.Equal(first, second);
        Assert.Equal("3.1.1", JsonNode.Parse(first)!["openapi"]!.GetValue<string>());
    }

    [Fact]
    public async Task Get_BelowAPrefixOfTheHost_DescribesTheRoutesThere()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        await using var app = builder.Build();
        app.MapDisasterTolerance();
        app.MapGroup("/site-b").MapDisasterTolerance();
        app.MapGet("/other", () => TypedResults.Ok());
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = app.GetTestClient();

        var plain = JsonNode.Parse(await client.GetStringAsync(new Uri(ApiHost.Prefix + OpenApiText.Route, UriKind.Relative), TestContext.Current.CancellationToken))!["paths"]!.AsObject();
        var below = JsonNode.Parse(await client.GetStringAsync(new Uri("/site-b" + ApiHost.Prefix + OpenApiText.Route, UriKind.Relative), TestContext.Current.CancellationToken))!["paths"]!.AsObject();

        Assert.Equal(18, plain.Count);
        Assert.Equal(plain.Select(path => "/site-b" + path.Key), below.Select(path => path.Key));
    }

    [Fact]
    public async Task Endpoint_OfTheDocument_ReadsOnly()
    {
        await using var app = WebApplication.CreateSlimBuilder().Build();
        app.MapDisasterTolerance();

        var routes = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).Select(endpoint => endpoint.Metadata.GetRequiredMetadata<DisasterToleranceRoute>()).ToList();

        Assert.Equal(19, routes.Count);
        Assert.False(Assert.Single(routes, route => route.Name == "openapi.json").Changes);
    }
}
