using System.Net;
using System.Text.Json.Nodes;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Api.Routing;

/// <summary>Two live sites, one machine that the first protects on the second, and the routes of both.</summary>
internal sealed class ApiWorld : IAsyncDisposable
{
    private ApiWorld(TwoSites sites) => Sites = sites;

    public TwoSites Sites { get; }

    public Guest Guest { get; private set; } = null!;

    public Guid Plan { get; private set; }

    public SiteApi East { get; private set; } = null!;

    public SiteApi West { get; private set; } = null!;

    /// <summary>The members that name the machine in a request.</summary>
    public JsonObject Machine => new() { ["plan_uuid"] = $"{Plan}", ["vm_uuid"] = $"{Guest.Uuid}" };

    /// <param name="configure">Changes the sites before they start.</param>
    /// <param name="told">Whether the sites have told each other of the plan.</param>
    public static async Task<ApiWorld> StartAsync(Action<TwoSites>? configure = null, bool told = true)
    {
        var sites = await TwoSites.StartAsync(configure: configure);
        if (!told)
        {
            sites.Cut();
            await sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        }

        var guest = await sites.ProtectAsync(sites.East);
        await sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        return new ApiWorld(sites)
        {
            Guest = guest,
            Plan = (await sites.RowAsync(sites.East, guest)).Plan,
            East = await SiteApi.ServeAsync(sites.East),
            West = await SiteApi.ServeAsync(sites.West),
        };
    }

    public Task<ApiAnswer> AskAsync(SiteApi site, string route, JsonNode? request = null) => Sites.RunAsync(() => site.PostAsync(route, request?.ToJsonString() ?? "{}"));

    /// <summary>The data of an answer that must be a success.</summary>
    public async Task<JsonNode> DataAsync(SiteApi site, string route, JsonNode? request = null)
    {
        var answer = await AskAsync(site, route, request);
        Assert.True(answer.Status == HttpStatusCode.OK, $"{route}: {answer}");
        return JsonNode.Parse(answer.Body)!["data"]!;
    }

    /// <summary>Runs the machine now.</summary>
    public Task RunAsync() => Sites.RunAsync(Sites.East, Guest);

    /// <summary>The code and the words of the only result of an answer about machines.</summary>
    public static (ErrorCode Code, string Desc) Result(JsonNode data) => ((ErrorCode)(int)data["results"]!.AsArray().Single()!["scode"]!, (string)data["results"]![0]!["desc"]!);

    public async ValueTask DisposeAsync()
    {
        await East.DisposeAsync();
        await West.DisposeAsync();
        await Sites.DisposeAsync();
    }
}
