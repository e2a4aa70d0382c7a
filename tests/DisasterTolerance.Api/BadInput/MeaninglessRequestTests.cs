using System.Net;
using System.Text.Json.Nodes;
using DisasterTolerance.Api.Replay;
using DisasterTolerance.Api.Routing;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Api.BadInput;

/// <summary>Requests that can be read and make no sense: each gets its code, and nothing is changed.</summary>
public sealed class MeaninglessRequestTests
{
    private static readonly string Someone = "99999999-0000-4000-8000-000000000001";

    [Fact]
    public async Task Plans_ThatMakeNoSense_AreRefusedAndChangeNothing()
    {
        await using var world = await ApiWorld.StartAsync();
        var (east, west, vm) = (world.Sites.East.Uuid, world.Sites.West.Uuid, world.Guest.At(world.Sites.East));
        var free = world.Sites.AddMachine(world.Sites.East);
        var before = await Standing.OfAsync(world.Sites);
        (string What, HttpStatusCode Status, Action<JsonObject> Change)[] adds =
        [
            ("the same site twice", HttpStatusCode.BadRequest, plan => plan["slave_cluster"] = $"{east}"),
            ("unknown sites", HttpStatusCode.BadRequest, plan => (plan["master_cluster"], plan["slave_cluster"]) = (Someone, "99999999-0000-4000-8000-000000000002")),
            ("an unknown slave", HttpStatusCode.BadRequest, plan => plan["slave_cluster"] = Someone),
            ("an RPO of 0", HttpStatusCode.BadRequest, plan => plan["rpo"] = 0),
            ("an interval over the RPO", HttpStatusCode.BadRequest, plan => plan["local_backup_duration"] = 40_000),
            ("times beyond all bounds", HttpStatusCode.BadRequest, plan => plan["rpo"] = long.MaxValue),
            ("no retention", HttpStatusCode.BadRequest, plan => plan["recover_point_reserve_duration"] = 0),
            ("two retentions", HttpStatusCode.BadRequest, plan => plan["recover_point_reserve_count"] = 3),
            ("a hypervisor that nobody knows", HttpStatusCode.BadRequest, plan => plan["dtp_type"] = "vmware"),
            ("a machine twice", HttpStatusCode.BadRequest, plan => plan["protected_vm"] = new JsonArray(Vm(free), Vm(free))),
            ("a machine of another plan", HttpStatusCode.Conflict, plan => plan["protected_vm"] = new JsonArray(Vm(vm))),
            ("a machine that nobody knows", HttpStatusCode.NotFound, plan => plan["protected_vm"] = new JsonArray(Vm(new Guid(Someone)))),
            ("an unknown priority", HttpStatusCode.BadRequest, plan => plan["protected_vm"]![0]!["recovery_priority"] = "urgent"),
            ("2,001 machines", HttpStatusCode.BadRequest, plan => plan["protected_vm"] = new JsonArray([.. Enumerable.Range(0, 2_001).Select(_ => Vm(Guid.NewGuid()))])),
            ("a name of 257 letters", HttpStatusCode.BadRequest, plan => plan["name"] = new string('n', 257)),
            ("a name of 1 MiB", HttpStatusCode.BadRequest, plan => plan["name"] = new string('n', 1 << 20)),
            ("a name with a line break", HttpStatusCode.BadRequest, plan => plan["name"] = "a\r\nb"),
            ("a path upwards", HttpStatusCode.BadRequest, plan => plan["protected_vm"]![0]!["path"] = "/in/../../etc"),
            ("an OVA path upwards", HttpStatusCode.BadRequest, plan => plan["protected_vm"]![0]!["ova_path"] = "..\\..\\x.ova"),
            ("a path with a NUL", HttpStatusCode.BadRequest, plan => plan["protected_vm"]![0]!["path"] = "/in\0.ova"),
        ];

        foreach (var (what, status, change) in adds)
        {
            var plan = PlanOf(east, west, free);
            change(plan);
            var answer = await world.AskAsync(world.East, "/add", plan);
            WrongRequestTests.AssertRefused(what, answer);
            Assert.True(answer.Status == status, $"{what}: {answer}");
        }

        await before.AssertSameAsync();
        Assert.Empty(world.East.Logged.Errors);
    }

    [Fact]
    public async Task Edits_ThatMakeNoSense_AreRefusedAndChangeNothing()
    {
        await using var world = await ApiWorld.StartAsync();
        var before = await Standing.OfAsync(world.Sites);
        (string Body, HttpStatusCode Status)[] edits =
        [
            ($$"""{"uuid":"{{Someone}}","name":"x"}""", HttpStatusCode.NotFound),
            ($$"""{"uuid":"{{world.Plan}}","protected_vm":[]}""", HttpStatusCode.BadRequest),
            ($$"""{"uuid":"{{world.Plan}}","dtp_type":"vmware"}""", HttpStatusCode.BadRequest),
            ($$"""{"uuid":"{{world.Plan}}","rpo":60}""", HttpStatusCode.BadRequest),
            ($$"""{"uuid":"{{world.Plan}}","recover_point_reserve_count":3,"recover_point_reserve_duration":60}""", HttpStatusCode.BadRequest),
            ($$"""{"uuid":"{{world.Plan}}","mtime":5}""", HttpStatusCode.Conflict),
        ];
        foreach (var (body, status) in edits)
        {
            var answer = await world.AskAsync(world.East, "/edit", JsonNode.Parse(body));
            WrongRequestTests.AssertRefused(body, answer);
            Assert.True(answer.Status == status, $"{body}: {answer}");
        }

        await before.AssertSameAsync();
    }

    [Fact]
    public async Task Links_ThatMakeNoSense_AreRefusedAndChangeNothing()
    {
        await using var world = await ApiWorld.StartAsync();
        var (east, west) = (world.Sites.East.Uuid, world.Sites.West.Uuid);
        var link = (string)(await world.Sites.RunAsync(() => world.East.SendAsync(HttpMethod.Get, SiteApi.Prefix + "/link/list", null))).Data["sides"]![0]!["uuid"]!;
        var before = await Standing.OfAsync(world.Sites);
        (string Route, string Body, HttpStatusCode Status)[] wrong =
        [
            ("/link/add", Link(east, east), HttpStatusCode.BadRequest),
            ("/link/add", Link(east, new Guid(Someone)), HttpStatusCode.NotFound),
            ("/link/add", Link(new Guid(Someone), west), HttpStatusCode.BadRequest),
            ("/link/add", Link(east, west), HttpStatusCode.Conflict),
            ("/link/add", Link(east, west).Replace("-1", "0", StringComparison.Ordinal), HttpStatusCode.BadRequest),
            ("/link/edit", $$"""{"uuid":"{{Someone}}","link_transport_limit":5}""", HttpStatusCode.NotFound),
            ("/link/edit", $$"""{"uuid":"{{link}}","link_transport_limit":-2}""", HttpStatusCode.BadRequest),
            ("/link/delete", $$"""{"uuid":"{{link}}"}""", HttpStatusCode.Conflict),
            ("/link/delete", $$"""{"uuid":"{{Someone}}"}""", HttpStatusCode.NotFound),
        ];
        foreach (var (route, body, status) in wrong)
        {
            var answer = await world.AskAsync(world.East, route, JsonNode.Parse(body));
            WrongRequestTests.AssertRefused($"{route} {body}", answer);
            Assert.True(answer.Status == status, $"{route} {body}: {answer}");
        }

        await before.AssertSameAsync();

        static string Link(Guid one, Guid other) => $$"""
            {"link_transport_limit":-1,"link_side_relation":["a","b"],"sides":[{"ClusterUUID":"{{one}}","ClusterName":"a"},{"ClusterUUID":"{{other}}","ClusterName":"b"}]}
            """;
    }

    [Fact]
    public async Task Work_ThatMakesNoSense_FailsForItsMachineAndChangesNothing()
    {
        await using var world = await ApiWorld.StartAsync();
        var (plan, vm, east, west) = (world.Plan, world.Guest.Uuid, world.Sites.East.Uuid, world.Sites.West.Uuid);
        var before = await Standing.OfAsync(world.Sites);
        (string Route, string Member, string Machine, ErrorCode Code)[] wrong =
        [
            ("/backup/execute", "exec_vms", $$"""{"plan_uuid":"{{plan}}","vm_uuid":"{{Someone}}"}""", ErrorCode.NotFound),
            ("/backup/execute", "exec_vms", $$"""{"plan_uuid":"{{Someone}}","vm_uuid":"{{vm}}"}""", ErrorCode.NotFound),
            ("/backup/execute", "exec_vms", $$"""{"plan_uuid":"{{plan}}","vm_uuid":"{{vm}}","source_cluster":"{{west}}"}""", ErrorCode.NotOwner),
            ("/backup/execute", "exec_vms", $$"""{"plan_uuid":"{{plan}}","vm_uuid":"{{vm}}","source_cluster":"{{east}}","destination_activate":true}""", ErrorCode.MachineRunning),
            ("/mastercluster/backup/recovery", "recover_vms", $$"""{"plan_uuid":"{{plan}}","vm_uuid":"{{vm}}","vm_backup_uuid":"DT-1"}""", ErrorCode.NoRecoveryPoint),
            ("/slavecluster/backup/recovery", "recover_vms", $$"""{"plan_uuid":"{{plan}}","vm_uuid":"{{vm}}","vm_backup_uuid":"{{Someone}}"}""", ErrorCode.NoRecoveryPoint),
            ("/slavecluster/backup/recovery", "recover_vms", $$"""{"plan_uuid":"{{plan}}","vm_uuid":"{{vm}}"}""", ErrorCode.InvalidArgument),
        ];
        foreach (var (route, member, machine, code) in wrong)
        {
            var answer = await world.AskAsync(world.East, route, new JsonObject { [member] = new JsonArray(JsonNode.Parse(machine)) });
            WrongRequestTests.AssertRefused($"{route} {machine}", answer);
            Assert.True(ApiWorld.Result(answer.Data).Code == code, $"{route} {machine}: {answer}");
        }

        await before.AssertSameAsync();
    }

    [Theory]
    [InlineData("/backup/execute", "exec_vms")]
    [InlineData("/vm/confirm", "exec_vms")]
    [InlineData("/mastercluster/backup/recovery", "recover_vms")]
    public async Task Work_ForMoreMachinesThanOneRequestTakes_IsRefused(string route, string member)
    {
        await using var world = await ApiWorld.StartAsync();
        var answer = await world.AskAsync(world.East, route, new JsonObject { [member] = new JsonArray([.. Enumerable.Range(0, 2_001).Select(_ => world.Machine)]) });
        WrongRequestTests.AssertRefused(route, answer);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
    }

    [Fact]
    public async Task Work_OneMachineFailsOddly_TheOthersKeepTheirResults()
    {
        await using var world = await ApiWorld.StartAsync();
        var other = await world.Sites.ProtectAsync(world.Sites.East, plan => plan with { Name = "other" });
        var request = new JsonObject { ["plan_uuid"] = $"{(await world.Sites.RowAsync(world.Sites.East, other)).Plan}", ["vm_uuid"] = $"{other.Uuid}" };
        world.Sites.East.Faults.Add(new Fault { Operation = "Hypervisor.TakeSnapshot", Kind = FaultKind.Error, Error = () => new InvalidOperationException("odd") });

        var data = await world.DataAsync(world.East, "/backup/execute", new JsonObject { ["exec_vms"] = new JsonArray(world.Machine, request) });

        Assert.Equal((1, 1), ((int)data["success"]!, (int)data["fail"]!));
        Assert.DoesNotContain("odd", data.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_BeyondTheEnd_IsEmptyWithTheCount()
    {
        await using var world = await ApiWorld.StartAsync();
        foreach (var (route, member) in ((string, string)[])[("/list", "infos"), ("/state", "infos"), ("/mastercluster/backup/list", "vms"), ("/slavecluster/backup/list", "vms")])
        {
            var data = await world.DataAsync(world.East, route, new JsonObject { ["number"] = 10, ["page"] = long.MaxValue });
            Assert.Equal((1, 0), ((int)data["total_count"]!, data[member]!.AsArray().Count));
        }
    }

    private static JsonObject Vm(Guid uuid) => new() { ["master_side_uuid"] = $"{uuid}", ["name"] = "vm", ["recovery_priority"] = "middle" };

    private static JsonObject PlanOf(Guid master, Guid slave, Guid machine)
    {
        var plan = JsonNode.Parse(Example.Read("add").Request!)!.AsObject();
        (plan["master_cluster"], plan["slave_cluster"], plan["protected_vm"]) = ($"{master}", $"{slave}", new JsonArray(Vm(machine)));
        return plan;
    }
}
