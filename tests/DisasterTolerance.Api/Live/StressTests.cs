using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Api.Live;

/// <summary>
/// Thirty-two clients at two live sites at once: they edit the same plans member by member, count in one plan by its <c>mtime</c>, add and delete plans, run machines and read everything. Nothing that was
/// acknowledged may be lost, nothing torn may be seen, and both catalogs end the same. <c>DISASTERTOLERANCE_STRESS_SECONDS</c> makes it longer.
/// </summary>
public sealed class StressTests(ITestOutputHelper output)
{
    private const int SharedPlans = 4;
    private static readonly TimeSpan HangLimit = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan Length =
        TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("DISASTERTOLERANCE_STRESS_SECONDS") ?? "30", CultureInfo.InvariantCulture));

    private readonly ConcurrentDictionary<HttpStatusCode, int> _answers = new();

    [Fact]
    public async Task ThirtyTwoClients_AtTwoSites_LoseNothing()
    {
        await using LiveSite north = new("north"), south = new("south");
        await Task.WhenAll(north.StartAsync(south), south.StartAsync(north));
        LiveSite[] sites = [north, south];
        await Ok(north, "/link/add", $$"""
            {"link_transport_limit":-1,"link_side_relation":["north","south"],"sides":[{"ClusterUUID":"{{north.Uuid}}","ClusterName":"north"},{"ClusterUUID":"{{south.Uuid}}","ClusterName":"south"}]}
            """);
        await UntilAsync(async () => (await north.Get<ILinkManager>().ListAsync()).Single().IsUp && (await south.Get<ILinkManager>().ListAsync()) is [{ IsUp: true }]);
        var plans = new List<Guid>();
        for (var i = 0; i < SharedPlans + 1; i++)
        {
            plans.Add(await AddPlanAsync(north, north, south, north.AddMachine(), i == SharedPlans ? "count-0" : $"plan {i}"));
        }

        await UntilAsync(async () => (await south.Get<IPlanManager>().ListAsync(new PlanQuery())).TotalCount == plans.Count);
        using var end = new CancellationTokenSource(Length);
        var (editors, counters) = (new List<Task<(Guid Plan, string Member, long Last)>>(), new List<Task<int>>());
        var others = new List<Task>();
        for (var plan = 0; plan < SharedPlans; plan++)
        {
            editors.Add(EditAsync(sites, plans[plan], "rpo", 100_000, plan, end.Token));
            editors.Add(EditAsync(sites, plans[plan], "local_backup_duration", 50_000, plan + 100, end.Token));
            editors.Add(EditAsync(sites, plans[plan], "recover_point_reserve_count", 10, plan + 200, end.Token));
        }

        for (var i = 0; i < 4; i++)
        {
            counters.Add(CountAsync(sites[i % 2], plans[SharedPlans], end.Token));
            others.Add(ComeAndGoAsync(north, south, north.AddMachine(), i, end.Token));
            others.Add(RunAsync(sites, plans, i, end.Token));
        }

        for (var i = 0; i < 8; i++)
        {
            others.Add(ReadAsync(sites[i % 2], i, end.Token));
        }

        Assert.Equal(32, editors.Count + counters.Count + others.Count);
        await Task.WhenAll([.. editors, .. counters, .. others]).WaitAsync(Length + HangLimit);
        output.WriteLine(string.Join(", ", _answers.OrderBy(answer => answer.Key).Select(answer => $"{(int)answer.Key}: {answer.Value}")));

        foreach (var editor in editors)
        {
            var (plan, member, last) = await editor;
            var row = (await north.Get<IPlanManager>().FindAsync(plan))!.Plan;
            Assert.True(last > 0, $"{member} of {plan} was never edited");
            Assert.Equal((plan, member, last), (plan, member, member switch
            {
                "rpo" => (long)row.Rpo.TotalSeconds,
                "local_backup_duration" => (long)row.Interval.TotalSeconds,
                _ => row.Retention.Count!.Value,
            }));
        }

        var counted = (await Task.WhenAll(counters)).Sum();
        Assert.True(counted > 0);
        Assert.Equal($"count-{counted}", (await north.Get<IPlanManager>().FindAsync(plans[SharedPlans]))!.Plan.Name);
        Assert.Equal(plans.Count, (await north.Get<IPlanManager>().ListAsync(new PlanQuery())).TotalCount);
        await UntilAsync(async () => await TextAsync(north) == await TextAsync(south));
        Assert.Empty(north.Logged.Errors.Concat(south.Logged.Errors).Select(entry => $"{entry.Message} {entry.Exception}"));
    }

    // Owns one member of one plan: whatever was acknowledged last must be what stands there in the end.
    private async Task<(Guid Plan, string Member, long Last)> EditAsync(LiveSite[] sites, Guid plan, string member, long first, int seed, CancellationToken end)
    {
        var (random, last) = (new Random(seed), 0L);
        for (var value = first; !end.IsCancellationRequested; value++)
        {
            var answer = await AskAsync(sites[random.Next(2)], "/edit", $$"""{"uuid":"{{plan}}","{{member}}":{{value}}}""");
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            last = value;
            await Task.Yield();
        }

        return (plan, member, last);
    }

    // Reads the count and writes the next one, only if nobody else did meanwhile.
    private async Task<int> CountAsync(LiveSite site, Guid plan, CancellationToken end)
    {
        var counted = 0;
        while (!end.IsCancellationRequested)
        {
            var now = (await AskAsync(site, "/get", $$"""{"uuid":"{{plan}}"}""")).Data["infos"]![0]!;
            var next = int.Parse(((string)now["name"]!).AsSpan("count-".Length), CultureInfo.InvariantCulture) + 1;
            var answer = await AskAsync(site, "/edit", $$"""{"uuid":"{{plan}}","name":"count-{{next}}","mtime":{{(long)now["mtime"]!}}}""");
            Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Conflict, answer.ToString());
            counted += answer.Status == HttpStatusCode.OK ? 1 : 0;
        }

        return counted;
    }

    private async Task ComeAndGoAsync(LiveSite north, LiveSite south, Guid machine, int seed, CancellationToken end)
    {
        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            var asked = (i + seed) % 2 == 0 ? north : south;
            var plan = await AddPlanAsync(asked, north, south, machine, $"short {seed}.{i}");
            var second = await AskAsync(asked, "/add", PlanOf(north, south, machine, "twin"));
            Assert.True(second.Status == HttpStatusCode.Conflict, second.ToString());
            await Ok(asked, "/edit", $$"""{"uuid":"{{plan}}","enable":false}""");
            await Ok(asked, "/delete", $$"""{"uuid":"{{plan}}"}""");
            Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(asked, "/get", $$"""{"uuid":"{{plan}}"}""")).Status);
        }
    }

    private async Task RunAsync(LiveSite[] sites, List<Guid> plans, int seed, CancellationToken end)
    {
        var random = new Random(seed);
        while (!end.IsCancellationRequested)
        {
            var plan = plans[random.Next(plans.Count)];
            var machine = (await sites[0].Get<IPlanManager>().FindAsync(plan, CancellationToken.None))!.Machines.Single();
            sites[0].Machines.WriteDisk(machine.MasterUuid, "disk0", random.Next(290_000), BitConverter.GetBytes(random.NextInt64()));
            var data = (await AskAsync(sites[random.Next(2)], "/backup/execute", $$"""{"exec_vms":[{"plan_uuid":"{{plan}}","vm_uuid":"{{machine.Uuid}}"}]}""")).Data;
            Assert.True((int)data["success"]! == 1, data.ToJsonString());
        }
    }

    private async Task ReadAsync(LiveSite site, int seed, CancellationToken end)
    {
        var random = new Random(seed);
        while (!end.IsCancellationRequested)
        {
            var route = random.GetItems(["/list", "/state", "/mastercluster/backup/list", "/slavecluster/backup/list"], 1)[0];
            var fuzzy = random.Next(2) == 0 ? "" : "plan";
            var answer = await AskAsync(site, route, $$"""{"number":10,"page":0,"fuzzy":"{{fuzzy}}"}""");
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            foreach (var plan in route == "/list" ? answer.Data["infos"]!.AsArray() : [])
            {
                Assert.True((long)plan!["rpo"]! >= (long)plan["local_backup_duration"]!, plan.ToJsonString());
                Assert.True(plan["protected_vm"]!.AsArray().Count == 1, $"{site.Name}: {plan.ToJsonString()}");
                Assert.True((long?)plan["recover_point_reserve_count"] > 0 && (long)plan["recover_point_reserve_duration"]! == 0, plan.ToJsonString());
            }
        }
    }

    private async Task<Guid> AddPlanAsync(LiveSite asked, LiveSite north, LiveSite south, Guid machine, string name) =>
        new((string)(await Ok(asked, "/add", PlanOf(north, south, machine, name)))["infos"]![0]!["uuid"]!);

    private static string PlanOf(LiveSite north, LiveSite south, Guid machine, string name) => $$"""
        {"name":"{{name}}","master_cluster":"{{north.Uuid}}","slave_cluster":"{{south.Uuid}}","rpo":90000,"dtp_type":"hci","local_backup_duration":40000,"recover_point_reserve_count":9,
         "compression":true,"enable":true,"protected_vm":[{"master_side_uuid":"{{machine}}","name":"vm","recovery_priority":"middle"}],"storage_medium":""}
        """;

    private async Task<JsonNode> Ok(LiveSite site, string route, string body)
    {
        var answer = await AskAsync(site, route, body);
        Assert.True(answer.Status == HttpStatusCode.OK, $"{route} {body}: {answer}");
        return answer.Data;
    }

    private async Task<ApiAnswer> AskAsync(LiveSite site, string route, string body)
    {
        var answer = await site.PostAsync(route, body);
        _answers.AddOrUpdate(answer.Status, 1, (_, count) => count + 1);
        return answer;
    }

    /// <summary>What a site knows of plans and machines, in its catalog, but for what is its own.</summary>
    private static async Task<string> TextAsync(LiveSite site)
    {
        var plans = await site.Get<ICatalog>().QueryPlansAsync(new PlanQuery { IncludeDeleted = true, Take = 10_000 }, CancellationToken.None);
        var machines = await site.Get<ICatalog>().QueryMachinesAsync(new MachineQuery { Take = 10_000 }, CancellationToken.None);
        return string.Join('\n', plans.Items.Select(plan => (plan with { RowVersion = 0 }).ToString()).Concat(machines.Items.Select(machine => $"{machine.Uuid} {machine.Plan} {machine.Ownership} {machine.LastSequence}")));
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var hang = new CancellationTokenSource(HangLimit);
        while (!await holds())
        {
            await Task.Delay(50, hang.Token);
        }
    }
}
