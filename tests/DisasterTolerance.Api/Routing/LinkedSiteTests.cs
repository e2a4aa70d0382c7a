using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Api.Routing;

/// <summary>Lists about the other site, also while it is down, and work that goes on without its client.</summary>
public sealed class LinkedSiteTests
{
    [Theory]
    [InlineData("/list", "infos")]
    [InlineData("/state", "infos")]
    [InlineData("/mastercluster/backup/list", "vms")]
    [InlineData("/slavecluster/backup/list", "vms")]
    public async Task List_OfALinkedSiteThatIsDown_AnswersWhatItToldAndSaysSinceWhen(string route, string member)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        var request = new JsonObject { ["cluster_uuid"] = $"{world.Sites.West.Uuid}" };
        var before = await world.AskAsync(world.East, route, request);
        await world.Sites.West.CrashAsync();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        var after = await world.AskAsync(world.East, route, request);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (before.Status, after.Status));
        Assert.Equal("", (string)JsonNode.Parse(before.Body)!["desc"]!);
        Assert.Contains("'west' has not answered since 2030-01-0", (string)JsonNode.Parse(after.Body)!["desc"]!, StringComparison.Ordinal);
        Assert.Single(JsonNode.Parse(after.Body)!["data"]![member]!.AsArray());
    }

    [Fact]
    public async Task State_LinkedSiteIsDown_SaysSoAndSinceWhen()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        await world.Sites.West.CrashAsync();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.StartsWith("正常；对端站点不可达（自2030-01-0", (string)(await world.DataAsync(world.East, "/state"))["infos"]![0]!["state"]!, StringComparison.Ordinal);
        await world.Sites.AdvanceAsync(TimeSpan.FromHours(3));
        Assert.Contains("未满足RPO", (string)(await world.DataAsync(world.East, "/state"))["infos"]![0]!["state"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_OfASiteThatIsNotConfigured_IsNotFound()
    {
        await using var world = await ApiWorld.StartAsync();
        var answer = await world.AskAsync(world.East, "/state", new JsonObject { ["cluster_uuid"] = $"{Guid.NewGuid()}" });
        Assert.Equal(HttpStatusCode.NotFound, answer.Status);
    }

    [Fact]
    public async Task BackupList_StoreOfASiteThatNeverTold_Is503()
    {
        await using var world = await ApiWorld.StartAsync(told: false);
        var request = world.Machine;
        request["vm_uuid"] = $"{world.Guest.At(world.Sites.West)}";

        var answer = await world.AskAsync(world.East, "/vm/backup/list", request);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains("never told", (string)JsonNode.Parse(answer.Body)!["desc"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BackupList_StoreOfTheOtherSite_ListsWhatThatSiteHolds()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        world.Sites.Cut();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        // Captured, and shipped when the link is up again.
        await Assert.ThrowsAsync<DisasterToleranceException>(world.RunAsync);

        Assert.Equal((2, 1), (await CountAsync(world.Sites.East), await CountAsync(world.Sites.West)));
        Assert.True((long)(await world.DataAsync(world.East, "/state"))["infos"]![0]!["sync_data_delta_size"]! > 0);

        async Task<int> CountAsync(SimSite side)
        {
            var request = world.Machine;
            request["vm_uuid"] = $"{world.Guest.At(side)}";
            return (int)(await world.DataAsync(world.East, "/vm/backup/list", request))["total_count"]!;
        }
    }

    [Fact]
    public async Task Execute_ClientGoesAwayMidway_RunsOnAndStateShowsIt()
    {
        await using var world = await ApiWorld.StartAsync();
        world.Sites.East.Faults.Add(new Fault { Operation = "Hypervisor.TakeSnapshot", Kind = FaultKind.Delay, Delay = TimeSpan.FromMinutes(4) });
        using var client = new CancellationTokenSource();
        var asked = world.East.SendAsync(
            HttpMethod.Post, SiteApi.Prefix + "/backup/execute", Encoding.UTF8.GetBytes(new JsonObject { ["exec_vms"] = new JsonArray(world.Machine) }.ToJsonString()), null, client.Token);
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.Equal("备份中", (string)(await StateAsync())["state"]!);
        Assert.Equal(1, (int)(await world.DataAsync(world.East, "/get", new JsonObject { ["uuid"] = $"{world.Plan}" }))["infos"]![0]!["protected_vm"]![0]!["procedure"]!);

        await client.CancelAsync();
        await world.Sites.SettleAsync();
        Assert.Equal("备份中", (string)(await StateAsync())["state"]!);
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(10));
        await Assert.ThrowsAnyAsync<Exception>(() => asked);

        Assert.Equal("正常", (string)(await StateAsync())["state"]!);
        Assert.Single(await world.Sites.PointsAsync(world.Sites.West, world.Guest));

        async Task<JsonNode> StateAsync() => (await world.DataAsync(world.East, "/state"))["infos"]![0]!;
    }

    [Fact]
    public async Task Execute_PreferAsync_AnswersAtOnceAndStateShowsHowItEnds()
    {
        await using var world = await ApiWorld.StartAsync();
        world.Sites.East.Machines.SetDiskUnusable(world.Guest.At(world.Sites.East), "disk0", isUnusable: true);

        var answer = await world.Sites.RunAsync(() => world.East.PostAsync("/backup/execute", new JsonObject { ["exec_vms"] = new JsonArray(world.Machine) }.ToJsonString(), "respond-async"));

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Contains("disk0", (string)(await world.DataAsync(world.East, "/state"))["infos"]![0]!["last_error"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recovery_AcceptedAndRefusedLater_IsTheLastErrorUntilSomethingNewBegins()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var machine = world.Machine;
        machine["vm_backup_uuid"] = (string?)(await world.DataAsync(world.East, "/vm/backup/list", world.Machine))["backups"]![0]!["Name"];
        var request = new JsonObject { ["recover_vms"] = new JsonArray(machine) };

        var answer = await world.Sites.RunAsync(() => world.West.PostAsync("/slavecluster/backup/recovery", request.ToJsonString(), "respond-async"));
        await world.Sites.SettleAsync();

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Contains("runs at its owner", await LastErrorAsync(), StringComparison.Ordinal);
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        await world.RunAsync();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal("", await LastErrorAsync());

        async Task<string> LastErrorAsync() => (string)(await world.DataAsync(world.West, "/state"))["infos"]![0]!["last_error"]!;
    }

    [Fact]
    public async Task State_MachineThatItsHypervisorLost_IsDeletedUntilItIsBack()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var (machines, uuid) = (world.Sites.East.Machines, world.Guest.At(world.Sites.East));
        machines.RemoveMachine(uuid);
        Assert.Equal(ErrorCode.MachineNotFound, ApiWorld.Result(await world.DataAsync(world.East, "/backup/execute", new JsonObject { ["exec_vms"] = new JsonArray(world.Machine) })).Code);
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        foreach (var site in (SiteApi[])[world.East, world.West])
        {
            var lost = (await world.DataAsync(site, "/state"))["infos"]![0]!;
            Assert.Equal((true, "失败"), ((bool)lost["deleted"]!, (string)lost["state"]!));
            Assert.NotEqual("", (string)lost["last_error"]!);
        }

        machines.AddMachine(uuid, new Hypervisors.MachineDefinition { Name = "back", Disks = Protection.SmallDisks });
        await world.RunAsync();

        var back = (await world.DataAsync(world.East, "/state"))["infos"]![0]!;
        Assert.Equal((false, "", "back"), ((bool)back["deleted"]!, (string)back["last_error"]!, (string)back["name"]!));
    }

    [Fact]
    public async Task State_SiteOnYesterdaysCatalog_SaysThatItIsUnsure()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var yesterday = world.Sites.East.CatalogFile.Fork();
        await world.Sites.AdvanceAsync(TimeSpan.FromHours(5));
        world.Sites.Cut();
        await world.Sites.RunAsync(() => world.Sites.East.StopAsync());
        world.Sites.East.CatalogFile.RestoreFrom(yesterday);
        await world.Sites.RunAsync(() => world.Sites.East.StartAsync());
        await using var api = await SiteApi.ServeAsync(world.Sites.East);

        Assert.Contains("站点数据待确认", (string)(await world.DataAsync(api, "/state"))["infos"]![0]!["state"]!, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.Unsure, ApiWorld.Result(await world.DataAsync(api, "/backup/execute", new JsonObject { ["exec_vms"] = new JsonArray(world.Machine) })).Code);
    }

    [Fact]
    public async Task Checking_Hosts_OnlyConfiguredOnesAnswerAndAllFailuresLookAlike()
    {
        await using var world = await ApiWorld.StartAsync(sites => sites.East.PeerHosts = ["10.0.0.7"]);
        var (east, west) = (world.Sites.East.Uuid, world.Sites.West.Uuid);
        var link = (string)(await world.Sites.RunAsync(() => world.East.SendAsync(HttpMethod.Get, SiteApi.Prefix + "/link/list", null))).Data["sides"]![0]!["uuid"]!;

        Assert.Equal("""{"is_ok":true}""", await CheckAsync(world.East, east, "10.0.0.7"));
        Assert.Equal("""{"is_ok":true}""", await CheckAsync(world.East, east, "WEST", "10.0.0.7"));
        Assert.Equal("""{"is_ok":false}""", await CheckAsync(world.East, east, "10.0.0.8"));
        Assert.Equal("""{"is_ok":false}""", await CheckAsync(world.East, east, "west", "169.254.169.254"));
        Assert.Equal("""{"is_ok":true}""", await CheckAsync(world.West, west, "east"));
        Assert.Equal("""{"is_ok":true}""", await CheckAsync(world.East, west, "east"));
        Assert.Equal("""{"is_ok":false}""", await CheckAsync(world.East, west, "10.9.9.9"));
        world.Sites.Cut();
        Assert.Equal("""{"is_ok":false}""", await CheckAsync(world.East, east, "west"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await AskAsync(world.East, west, ["east"])).Status);
        string?[][] wrong = [[], [.. Enumerable.Range(0, 65).Select(i => $"10.0.0.{i}")], ["west:22"], ["a b"], [null], ["west/../.."]];
        foreach (var hosts in wrong)
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(world.East, east, hosts)).Status);
        }

        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(world.East, Guid.NewGuid(), ["west"])).Status);

        async Task<string> CheckAsync(SiteApi site, Guid from, params string[] hosts)
        {
            var data = (await AskAsync(site, from, hosts)).Data.AsObject();
            data.Remove("status");
            return data.ToJsonString();
        }

        Task<ApiAnswer> AskAsync(SiteApi site, Guid from, string?[] hosts) => world.AskAsync(
            site, "/link/checking", new JsonObject { ["uuid"] = link, ["master_cluster"] = $"{from}", ["hosts"] = new JsonArray([.. hosts.Select(host => (JsonNode?)host)]) });
    }
}
