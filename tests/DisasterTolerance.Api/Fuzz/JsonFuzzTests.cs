using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DisasterTolerance.Api.Live;
using DisasterTolerance.Api.Replay;

namespace DisasterTolerance.Api.Fuzz;

/// <summary>
/// Throws bodies at every route of a live site: the kept corpus as it is, then random changes of it for 20 s. Whatever comes, the site answers in the documented envelope, says no error of its own, and lives.
/// <c>DISASTERTOLERANCE_FUZZ_SECONDS</c> makes it longer, <c>DISASTERTOLERANCE_FUZZ_SEED</c> repeats a run. What was found goes into <c>Fuzz/Corpus</c>.
/// </summary>
public sealed class JsonFuzzTests(ITestOutputHelper output)
{
    private static readonly HttpStatusCode[] Expected =
    [
        HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.Conflict, HttpStatusCode.ServiceUnavailable,
    ];

    private static readonly string[] Routes = [.. Example.Names.Select(name => Example.Read(name).Route).Where(route => route != "/link/list")];

    [Fact]
    public async Task Corpus_EveryRoute_IsAnswered()
    {
        await using var site = await StartAsync();
        var bodies = Corpus(site);
        foreach (var route in Routes)
        {
            foreach (var (_, body) in bodies)
            {
                await AskAsync(site, route, body, "kept corpus");
            }
        }

        Assert.Empty(site.Logged.Errors);
    }

    [Fact]
    public async Task Mutations_TwentySeconds_AreAnswered()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("DISASTERTOLERANCE_FUZZ_SEED") ?? Random.Shared.Next().ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var length = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("DISASTERTOLERANCE_FUZZ_SECONDS") ?? "20", CultureInfo.InvariantCulture));
        output.WriteLine($"seed {seed}");
        await using var site = await StartAsync();
        var random = new Random(seed);
        var (mutator, corpus) = (new JsonMutator(random), Corpus(site));
        var (requests, taken) = (0, 0);
        for (var begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun) < length; requests++)
        {
            var (own, body) = corpus[random.Next(corpus.Count)];
            var route = own is null || random.Next(4) == 0 ? Routes[random.Next(Routes.Length)] : own;
            taken += await AskAsync(site, route, mutator.Change(body), $"seed {seed}, request {requests}") == HttpStatusCode.OK ? 1 : 0;
        }

        output.WriteLine($"{requests} requests, {taken} of them taken");
        Assert.Equal(HttpStatusCode.OK, (await site.PostAsync("/list", "{}")).Status);
        Assert.Empty(site.Logged.Errors.Select(entry => $"seed {seed}: {entry.Message} {entry.Exception}"));
    }

    private static async Task<HttpStatusCode> AskAsync(LiveSite site, string route, byte[] body, string where)
    {
        using var hang = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        ApiAnswer answer;
        try
        {
            answer = await site.PostAsync(route, body, hang.Token);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{where}: {route} {Convert.ToBase64String(body)} got no answer; logged: {string.Join(' ', site.Logged.Errors)}", e);
        }

        var shown = $"{where}: {route} {Convert.ToBase64String(body)} -> {(int)answer.Status}";
        Assert.True(Expected.Contains(answer.Status), shown);
        var envelope = JsonNode.Parse(answer.Body)?.AsObject();
        Assert.True(envelope?["scode"] is not null && envelope["data"] is not null, shown);
        Assert.True((answer.Status == HttpStatusCode.OK) == ((int)envelope["scode"]! == 0), shown);
        return answer.Status;
    }

    /// <summary>A site with one plan over one machine, which is off, so that bodies of the corpus find something.</summary>
    private static async Task<LiveSite> StartAsync()
    {
        LiveSite site = new("north"), other = new("south");
        await using (other)
        {
            await site.StartAsync(other);
        }

        var machine = site.AddMachine();
        var added = await site.PostAsync("/add", Encoding.UTF8.GetBytes($$"""
            {"name":"plan","master_cluster":"{{site.Uuid}}","slave_cluster":"{{other.Uuid}}","rpo":90000,"dtp_type":"hci","local_backup_duration":40000,"recover_point_reserve_count":3,
             "compression":true,"enable":true,"protected_vm":[{"master_side_uuid":"{{machine}}","name":"vm","recovery_priority":"low"}],"storage_medium":""}
            """));
        Assert.Equal(HttpStatusCode.OK, added.Status);
        return site;
    }

    /// <summary>The reference's examples with the site's own uuids, and the kept files.</summary>
    private static List<(string? Route, byte[] Body)> Corpus(LiveSite site)
    {
        var view = site.Get<IPlanManager>().ListAsync(new Catalog.PlanQuery()).AsTask().GetAwaiter().GetResult().Items.Single();
        var (plan, machine) = (view.Plan, view.Machines.Single());
        var own = Example.Names.Select(Example.Read).Where(example => example.Request is not null).Select(example => ((string?)example.Route, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(example.Request!)
            .Replace($"{ReferenceWorld.Cluster213.Uuid}", $"{plan.Master}", StringComparison.Ordinal).Replace($"{ReferenceWorld.Cluster212.Uuid}", $"{plan.Slave}", StringComparison.Ordinal)
            .Replace($"{ReferenceWorld.Plan}", $"{plan.Uuid}", StringComparison.Ordinal).Replace($"{ReferenceWorld.MasterSide}", $"{machine.MasterUuid}", StringComparison.Ordinal)
            .Replace($"{ReferenceWorld.SlaveSide}", $"{machine.SlaveUuid}", StringComparison.Ordinal))));
        return [.. own, .. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Fuzz", "Corpus")).Order(StringComparer.Ordinal).Select(file => ((string?)null, File.ReadAllBytes(file)))];
    }
}
