using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DisasterTolerance.Api.Replay;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Api.Story;

/// <summary>
/// One continuous story over two live sites, through the routes only: every answer has the names, the order and the types of the reference's example of its route, and says what the sites really have.
/// </summary>
public sealed class StoryTests
{
    /// <summary>Where an answer may have another shape than its example, beside what <see cref="ReplayTests"/> lists.</summary>
    private static readonly HashSet<(string, string)> OtherShapes =
    [
        ("state", "$.data.infos[0].last_error"), ("state", "$.data.infos[0].deleted"), ("state", "$.data.infos[0].zone"), // missing in the example's first machine
        ("state", "$.data.infos[0].ip"), // null if nobody can tell, else a list
        ("vm.backup.list", "$.data.backups[0].Uuid"), ("vm.backup.list", "$.data.backups[1].Uuid"), // more than the reference has
    ];

    [Fact]
    public async Task TwoSites_FromTheLinkToItsEnd_AnswerInTheShapeOfTheReference()
    {
        await using var world = TwoSites.Create(facts: new WorldFacts(ReferenceWorld.At(1584598000), ReferenceWorld.Cluster213, ReferenceWorld.Cluster212));
        await ReferenceWorld.StartAsync(world);
        var machine = world.AddMachine(world.East);
        await using SiteApi master = await SiteApi.ServeAsync(world.East), slave = await SiteApi.ServeAsync(world.West);
        var (east, west) = (world.East.Uuid, world.West.Uuid);

        async Task<JsonNode> AskAsync(SiteApi site, string example, JsonNode request)
        {
            var answer = await world.RunAsync(() => example == "link.list"
                ? site.SendAsync(HttpMethod.Get, SiteApi.Prefix + "/link/list", null)
                : site.PostAsync("/" + example.Replace('.', '/'), request.ToJsonString()));
            Assert.True(answer.Status == HttpStatusCode.OK, $"{example}: {answer}");
            using var actual = JsonDocument.Parse(answer.Body);
            var differences = JsonDifferences.Find(Example.Read(example).Response, actual.RootElement, values: false);
            Assert.DoesNotContain(differences, one => !OtherShapes.Contains((example, one.Path)));
            Assert.Equal(0, actual.RootElement.GetProperty("scode").GetInt32());
            return JsonNode.Parse(answer.Body)!["data"]!;
        }

        async Task DoneAsync(SiteApi site, string example, JsonNode request)
        {
            var data = await AskAsync(site, example, request);
            Assert.True((int)data["success"]! == 1 && (int)data["fail"]! == 0, $"{example}: {data.ToJsonString()}");
            await world.AdvanceAsync(TimeSpan.FromMinutes(2));
        }

        // The link.
        var link = (await AskAsync(master, "link.add", new JsonObject
        {
            ["link_transport_limit"] = -1,
            ["link_side_relation"] = new JsonArray("cluster_name_213", "cluster_name_212"),
            ["sides"] = new JsonArray(Side(east, "cluster_name_213"), Side(west, "cluster_name_212")),
        }))["sides"]![0]!["uuid"]!.ToString();
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(link, (await AskAsync(slave, "link.list", new JsonObject()))["sides"]![0]!["uuid"]!.ToString());
        Assert.True((bool)(await AskAsync(master, "link.checking", new JsonObject { ["uuid"] = link, ["master_cluster"] = $"{east}", ["hosts"] = new JsonArray("cluster-212.example") }))["is_ok"]! is false);
        Assert.Equal(70_000_000, (long)(await AskAsync(slave, "link.edit", new JsonObject { ["uuid"] = link, ["link_transport_limit"] = 70_000_000 }))["sides"]![0]!["link_transport_limit"]!);

        // The plan, asked for at the slave: it is made at the master.
        var plan = (await AskAsync(slave, "add", PlanOf(east, west, machine)))["infos"]![0]!;
        var (planUuid, slaveSide) = (plan["uuid"]!.ToString(), plan["protected_vm"]![0]!["slave_side_uuid"]!.ToString());
        var which = new JsonObject { ["plan_uuid"] = planUuid, ["vm_uuid"] = $"{machine}" };
        Assert.Equal("hci", (string?)(await AskAsync(master, "get", new JsonObject { ["uuid"] = planUuid }))["infos"]![0]!["dtp_type"]);
        Assert.Equal(1, (int)(await AskAsync(slave, "list", new JsonObject { ["filter_types"] = new JsonArray("hci") }))["total_count"]!);

        // Two runs, the second one asked for at the site that does not own the machine.
        await DoneAsync(master, "backup.execute", Execute(which, east));
        world.East.Machines.WriteDisk(machine, "disk0", 4_096, new byte[] { 1, 2, 3 });
        await DoneAsync(slave, "backup.execute", Execute(which, east));
        foreach (var site in (SiteApi[])[master, slave])
        {
            foreach (var side in (string[])[$"{machine}", slaveSide])
            {
                var points = await AskAsync(site, "vm.backup.list", new JsonObject { ["plan_uuid"] = planUuid, ["vm_uuid"] = side, ["page"] = 10, ["number"] = 0 });
                Assert.Equal(2, (int)points["total_count"]!);
            }

            var state = (await AskAsync(site, "state", new JsonObject()))["infos"]![0]!;
            Assert.Equal(("正常", true, 0L), ((string?)state["state"], (bool)state["satisfy_rpo"]!, (long)state["sync_data_delta_size"]!));
            await HoldsWhatTheStoresHoldAsync(site);
        }

        // The edit sends back the whole answer, with another name and priority.
        var edited = (await AskAsync(master, "get", new JsonObject { ["uuid"] = planUuid }))["infos"]![0]!.DeepClone();
        (edited["name"], edited["protected_vm"]![0]!["recovery_priority"]) = ("计划2", "high");
        var after = (await AskAsync(slave, "edit", edited))["infos"]![0]!;
        Assert.Equal(("计划2", "high"), ((string?)after["name"], (string?)after["protected_vm"]![0]!["recovery_priority"]));

        // Planned migration, confirmation, and the way back after the slave's machine is lost.
        var before = world.East.Machines.HashDisk(machine, "disk0");
        await DoneAsync(master, "backup.execute", Execute(which, east, activate: true));
        var moved = (await AskAsync(master, "state", new JsonObject()))["infos"]![0]!;
        Assert.Equal(("待确认", $"{west}"), ((string?)moved["state"], (string?)moved["running_cluster"]));
        Assert.Equal(before, world.West.Machines.HashDisk(new Guid(slaveSide), "disk0"));
        await DoneAsync(master, "vm.confirm", new JsonObject { ["exec_vms"] = new JsonArray(which.DeepClone()) });
        Assert.Equal("正常", (string?)(await AskAsync(slave, "state", new JsonObject()))["infos"]![0]!["state"]);
        await DoneAsync(master, "backup.execute", Execute(which, west));
        world.West.Machines.SetPower(new Guid(slaveSide), PowerState.Off);
        var newest = (await AskAsync(slave, "vm.backup.list", which.DeepClone()))["backups"]![0]!;
        var recover = which.DeepClone();
        (recover["vm_backup_uuid"], recover["startup_hosts"]) = ((string?)newest["Name"], new JsonArray());
        await DoneAsync(slave, "mastercluster.backup.recovery", new JsonObject { ["recover_vms"] = new JsonArray(recover) });
        Assert.Equal($"{east}", (string?)(await AskAsync(slave, "state", new JsonObject()))["infos"]![0]!["running_cluster"]);
        await DoneAsync(slave, "vm.confirm", new JsonObject { ["exec_vms"] = new JsonArray(which.DeepClone()) });

        // An older point, in place.
        var oldest = (await AskAsync(master, "vm.backup.list", which.DeepClone()))["backups"]!.AsArray()[^1]!;
        recover = which.DeepClone();
        recover["vm_backup_uuid"] = (string?)oldest["Uuid"];
        await DoneAsync(slave, "mastercluster.backup.recovery", new JsonObject { ["recover_vms"] = new JsonArray(recover) });

        // The slave takes over with the machine off at the master.
        await DoneAsync(master, "backup.execute", Execute(which, east));
        world.East.Machines.SetPower(machine, PowerState.Off);
        recover = which.DeepClone();
        recover["vm_backup_uuid"] = (string?)(await AskAsync(master, "vm.backup.list", which.DeepClone()))["backups"]![0]!["Name"];
        await DoneAsync(master, "slavecluster.backup.recovery", new JsonObject { ["recover_vms"] = new JsonArray(recover) });

        // The end.
        await AskAsync(slave, "delete", new JsonObject { ["uuid"] = planUuid });
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        await AskAsync(slave, "link.delete", new JsonObject { ["uuid"] = link });
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, (int)JsonNode.Parse((await world.RunAsync(() => master.PostAsync("/list", "{}"))).Body)!["data"]!["total_count"]!);
        Assert.Empty(master.Logged.Errors.Concat(slave.Logged.Errors));

        async Task HoldsWhatTheStoresHoldAsync(SiteApi site)
        {
            var atMaster = (await AskAsync(site, "mastercluster.backup.list", new JsonObject()))["vms"]![0]!;
            var atSlave = (await AskAsync(site, "slavecluster.backup.list", new JsonObject()))["vms"]![0]!;
            Assert.Equal((2, await StoredAsync(world.East)), ((int)atMaster["backup_count"]!, (long)atMaster["backup_size"]!));
            Assert.Equal((2, await StoredAsync(world.West)), ((int)atSlave["backup_count"]!, (long)atSlave["backup_size"]!));
            Assert.Equal(((string?)atMaster["uuid"], (string?)atSlave["uuid"]), ($"{machine}", slaveSide));
        }

        // Counted anew from the trees of all points: every distinct record once.
        Task<long> StoredAsync(SimSite site) => world.RunAsync(async () =>
        {
            var points = await site.State.ListPointsAsync(new PointQuery { Site = site.Uuid });
            return await site.Context.Store.MeasureAsync([.. points.Items.Select(point => Store.LiveRoot.Manifest(point.Manifest))], CancellationToken.None);
        });
    }

    private static JsonObject Side(Guid uuid, string name) => new() { ["ClusterUUID"] = $"{uuid}", ["ClusterName"] = name };

    private static JsonObject PlanOf(Guid master, Guid slave, Guid machine) => new()
    {
        ["name"] = "计划1",
        ["master_cluster"] = $"{master}",
        ["slave_cluster"] = $"{slave}",
        ["rpo"] = 36_000,
        ["dtp_type"] = SimSite.Hypervisor,
        ["local_backup_duration"] = 18_000,
        ["recover_point_reserve_duration"] = 2_592_000,
        ["compression"] = true,
        ["enable"] = true,
        ["protected_vm"] = new JsonArray(new JsonObject { ["master_side_uuid"] = $"{machine}", ["name"] = "vm2", ["recovery_priority"] = "middle" }),
        ["storage_medium"] = "",
    };

    private static JsonObject Execute(JsonNode which, Guid source, bool activate = false)
    {
        var machine = which.DeepClone();
        (machine["source_cluster"], machine["auto_shutoff"], machine["destination_activate"]) = ($"{source}", activate, activate);
        return new JsonObject { ["exec_vms"] = new JsonArray(machine) };
    }
}
