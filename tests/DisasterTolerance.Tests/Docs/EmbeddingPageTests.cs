using System.Security.Claims;
using DisasterTolerance.HttpApi;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Tests.Docs;

/// <summary>The page about embedding shows an example that is compiled and does what it says.</summary>
public class EmbeddingPageTests
{
    [Fact]
    public void Embedding_HttpExample_IsTheCompiledOne() =>
        CompiledExample.AssertShown(["tests", "DisasterTolerance.Tests", "Docs", "EmbeddingExample.cs"], "embedding", ["docs", "embedding.md"]);

    [Theory]
    [InlineData("operator", "edit", true)]
    [InlineData("operator", "list", true)]
    [InlineData("reader", "list", true)]
    [InlineData("reader", "edit", false)]
    [InlineData("reader", "link/checking", false)]
    [InlineData("guest", "list", false)]
    public async Task Embedding_HttpExample_TellsReadersFromOperators(string role, string route, bool isAllowed)
    {
        await using var app = EmbeddingExample.Build(["--Logging:LogLevel:Default=None"], Guid.NewGuid());
        var endpoint = ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints)
            .Single(one => one.Metadata.GetMetadata<DisasterToleranceRoute>()?.Name == route);
        var call = new DefaultHttpContext { User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, role)], "test")) };
        call.SetEndpoint(endpoint);

        var policy = endpoint.Metadata.GetMetadata<IAuthorizeData>()?.Policy;
        var decision = await app.Services.GetRequiredService<IAuthorizationService>().AuthorizeAsync(call.User, call, policy!);

        Assert.Equal(isAllowed, decision.Succeeded);
    }
}
