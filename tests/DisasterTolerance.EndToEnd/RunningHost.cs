using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace DisasterTolerance.EndToEnd;

/// <summary>A SiteHost that runs while a test class does, with one peer that never answers. What a subclass adds are its options.</summary>
public class RunningHost(params string[] options) : IAsyncLifetime
{
    protected const string Prefix = "/v1/disaster_tolerant_plan/";
    private const string Peer = "b62e7f1b-28c2-4fa7-9226-63231bbd84ea";

    private readonly HostFolder _folder = new();
    private HostProcess? _process;

    public static string LinkRequest { get; } = $$"""
        {"link_transport_limit": -1, "link_side_relation": ["north", "south"], "sides": [
          {"ClusterUUID": "5ea15037-7a21-4233-8c69-b8112156c474", "ClusterName": "north"}, {"ClusterUUID": "{{Peer}}", "ClusterName": "south"}]}
        """;

    public string Authority => $"127.0.0.1:{_folder.Ports[0]}";

    internal HostProcess Process => _process!;

    public async ValueTask InitializeAsync()
    {
        _process = HostProcess.Start(
        [
            .. _folder.Arguments($"http://{Authority}", _folder.Ports[1], "data"),
            "--Peers:0:Uuid", Peer, "--Peers:0:Name", "south", "--Peers:0:Endpoint", $"127.0.0.1:{_folder.Ports[2]}", "--Peers:0:PublicKey", new string('a', 64),
            .. options,
        ]);
        await _process.ReadUntilReadyAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _process?.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>A request for a documented route; a POST if it has a body.</summary>
    public HttpRequestMessage Request(string route, string? body = null, string? contentType = "application/json", string? key = null)
    {
        var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, $"http://{Authority}{(route.StartsWith('/') ? route : Prefix + route)}");
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            Assert.True(contentType is null || request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType));
        }

        Assert.True(key is null || request.Headers.TryAddWithoutValidation("Authorization", key));
        return request;
    }

    /// <param name="request">What to send.</param>
    /// <param name="from">The loopback address to come from.</param>
    public static async Task<HostAnswer> SendAsync(HttpRequestMessage request, string from = "127.0.0.1")
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(from), 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return new HostAnswer(
            (int)response.StatusCode, text, response.Headers.RetryAfter?.Delta, response.Headers.WwwAuthenticate.ToString(), response.Headers.Any(header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase)));
    }

    public async Task<int> CountLinksAsync(string? key = null) => (await SendAsync(Request("link/list", key: key))).Json["data"]!["sides"]!.AsArray().Count;
}

/// <summary>What a host answered.</summary>
public sealed record HostAnswer(int Status, string Text, TimeSpan? RetryAfter, string Challenge, bool HasCors)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public int Scode => (int)Json["scode"]!;

    /// <summary>The names of all members, in order.</summary>
    public string Shape => string.Join(' ', Names(Json));

    private static IEnumerable<string> Names(JsonNode? node) => node is JsonObject members ? members.SelectMany(member => Names(member.Value).Prepend(member.Key)) : [];
}
