using System.Net;
using System.Net.Http.Json;

namespace DisasterTolerance.EndToEnd;

/// <summary>The packages in a host that was compiled to machine code, where nothing can be generated or looked up at run time.</summary>
[Collection(nameof(WholeMachine))]
public sealed class NativeHostTests(ITestOutputHelper output) : IDisposable
{
    private const string NoLinks =
        """{"message":"","message_cn":"","scode":0,"desc":"","stack":null,"data":{"status":{"code":0,"message":"","messageCn":"","stack":null,"desc":"","UUID":""},"sides":[]}}""";

    private readonly HostFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NativeHost_Published_AnswersTheDocumentedRoutes()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "skipped: no Linux");
        Assert.SkipUnless(NativeProgram.CanLink, "skipped: no clang or gcc");
        var program = await NativeProgram.PublishAsync(output, Token);
        using var host = HostProcess.Run(new(program, ["--urls", "http://127.0.0.1:0", "--data", _folder.File("data")]) { RedirectStandardOutput = true, RedirectStandardError = true });
        var ready = await host.ReadUntilReadyAsync(Token);
        using var client = new HttpClient { BaseAddress = new Uri(ready[ready.LastIndexOf("http", StringComparison.Ordinal)..] + "/v1/disaster_tolerant_plan/") };

        using var links = await client.GetAsync(new Uri("link/list", UriKind.Relative), Token);
        using var plans = await client.PostAsJsonAsync(new Uri("list", UriKind.Relative), new { number = 10, page = 0, fuzzy = "x" }, Token);
        using var unknown = await client.PostAsJsonAsync(new Uri("get", UriKind.Relative), new { uuid = Guid.NewGuid() }, Token);

        Assert.Equal((HttpStatusCode.OK, NoLinks), (links.StatusCode, await links.Content.ReadAsStringAsync(Token)));
        Assert.Equal(HttpStatusCode.OK, plans.StatusCode);
        Assert.Contains("\"total_count\":0", await plans.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Contains("对象不存在", await unknown.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        host.Terminate();
        Assert.Equal(0, await host.WaitAsync(Token));
    }

    public void Dispose() => _folder.Dispose();
}
