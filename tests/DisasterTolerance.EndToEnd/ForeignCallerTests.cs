namespace DisasterTolerance.EndToEnd;

/// <summary>A host without a key, with another name and the origin of a console.</summary>
public sealed class OpenHost() : RunningHost("--Api:Hosts", "site.example; 10.9.8.7", "--Api:Origins:0", "https://console.example");

/// <summary>Nothing that a web page of another origin can send changes anything, also where no key is asked for.</summary>
[Collection(nameof(WholeMachine))]
public sealed class ForeignCallerTests(OpenHost host) : IClassFixture<OpenHost>
{
    private const string Json = "application/json";

    [Theory]

    // What a form or a simple fetch sends; browsers of today name the origin, and it is refused without one just as well.
    [InlineData("text/plain", null, null, 415)]
    [InlineData("text/plain;charset=UTF-8", null, null, 415)]
    [InlineData("application/x-www-form-urlencoded", null, null, 415)]
    [InlineData("multipart/form-data; boundary=x", null, null, 415)]
    [InlineData("text/plain; application/json", null, null, 415)]
    [InlineData("application/json, text/plain", null, null, 415)]
    [InlineData("", null, null, 415)]
    [InlineData(null, null, null, 415)]
    [InlineData("text/plain", "http://evil.example", null, 403)]

    // What it could send if it were asked first and the answer allowed it.
    [InlineData(Json, "http://evil.example", null, 403)]
    [InlineData(Json, "null", null, 403)]
    [InlineData(Json, "", null, 403)]
    [InlineData(Json, "http://127.0.0.1:1", null, 403)]
    [InlineData(Json, "http://localhost", null, 403)]
    [InlineData(Json, "https://{host}", null, 403)]
    [InlineData(Json, "http://{host}, http://evil.example", null, 403)]
    [InlineData(Json, "http://console.example", null, 403)]
    [InlineData(Json, "https://console.example.evil.example", null, 403)]

    // A name of its own that it made lead here.
    [InlineData(Json, null, "evil.example", 400)]
    [InlineData(Json, "http://evil.example", "evil.example", 400)]
    [InlineData(Json, null, "127.0.0.1.evil.example", 400)]
    [InlineData(Json, null, "0.0.0.0", 400)]
    [InlineData(Json, null, "10.9.8.6", 400)]
    public async Task Change_AsAForeignPageSendsIt_IsRefused(string? contentType, string? origin, string? hostName, int status)
    {
        using var request = Request(contentType, origin, hostName);

        var answer = await RunningHost.SendAsync(request);

        Assert.Equal((status, 2000 + status, false), (answer.Status, answer.Scode, answer.HasCors));
        Assert.Equal(0, await host.CountLinksAsync());
    }

    [Theory]
    [InlineData(Json, null, null)]
    [InlineData("application/json; charset=utf-8", null, null)]
    [InlineData(Json, "http://{host}", null)]
    [InlineData(Json, "https://console.example", null)]
    [InlineData(Json, null, "localhost")]
    [InlineData(Json, null, "[::1]:80")]
    [InlineData(Json, null, "Site.Example:8443")]
    [InlineData(Json, null, "10.9.8.7")]
    [InlineData(Json, "http://site.example", "site.example")]
    public async Task Change_AsTheOwnPageOrAConsoleSendsIt_IsDone(string contentType, string? origin, string? hostName)
    {
        using var request = Request(contentType, origin, hostName);

        var answer = await RunningHost.SendAsync(request);

        Assert.Equal((200, 0, false), (answer.Status, answer.Scode, answer.HasCors));
        var line = await host.Process.ReadUntilAsync(" asked for link.add ", TestContext.Current.CancellationToken);
        Assert.Contains("http 127.0.0.1", line, StringComparison.Ordinal);
        var link = (string)answer.Json["data"]!["sides"]![0]!["uuid"]!;
        Assert.Equal(200, (await RunningHost.SendAsync(host.Request("link/delete", $$"""{"uuid":"{{link}}"}"""))).Status);
        Assert.Equal(0, await host.CountLinksAsync());
    }

    [Fact]
    public async Task Preflight_OfAForeignPage_GetsNoPermission()
    {
        using var request = Request(null, "http://evil.example", null);
        (request.Method, request.Content) = (HttpMethod.Options, null);
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type");

        var answer = await RunningHost.SendAsync(request);

        Assert.Equal((403, false), (answer.Status, answer.HasCors));
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/metrics.json")]
    [InlineData("link/list")]
    public async Task Read_UnderAForeignName_IsRefused(string route)
    {
        using var request = host.Request(route);
        request.Headers.Host = "evil.example";

        Assert.Equal(400, (await RunningHost.SendAsync(request)).Status);
    }

    private HttpRequestMessage Request(string? contentType, string? origin, string? hostName)
    {
        var request = host.Request("link/add", RunningHost.LinkRequest, contentType);
        Assert.True(origin is null || request.Headers.TryAddWithoutValidation("Origin", origin.Replace("{host}", host.Authority, StringComparison.Ordinal)));
        request.Headers.Host = hostName;
        return request;
    }
}
