using System.Net;
using System.Text.Json.Nodes;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Api.Routing;

/// <summary>A provider that throws what it should not: one machine's matter, not that of the others in the same request.</summary>
public sealed class OddErrorTests
{
    [Fact]
    public async Task Recovery_OddErrorOfOneMachine_LeavesTheOthersRecovered()
    {
        await using var world = await ApiWorld.StartAsync();
        var other = await SecondAsync(world);
        await world.DataAsync(world.East, "/backup/execute", new JsonObject { ["exec_vms"] = new JsonArray(world.Machine, other.DeepClone()) });
        await world.Sites.East.CrashAsync();
        Break(world.Sites.West, "Hypervisor.Start");

        var data = await world.DataAsync(world.West, "/slavecluster/backup/recovery", new JsonObject { ["recover_vms"] = new JsonArray(await NewestAsync(world.Machine), await NewestAsync(other)) });

        Assert.Equal((1, 1), ((int)data["success"]!, (int)data["fail"]!));
        Assert.Single(world.Sites.West.Machines.Starts);

        async Task<JsonObject> NewestAsync(JsonObject machine)
        {
            machine["vm_backup_uuid"] = (string?)(await world.DataAsync(world.West, "/vm/backup/list", machine))["backups"]![0]!["Name"];
            return machine;
        }
    }

    [Fact]
    public async Task Migration_AcceptedAndEndedByAnOddError_IsTheLastError()
    {
        await using var world = await ApiWorld.StartAsync();
        world.Guest.Off(world.Sites.East);
        Break(world.Sites.East, "Hypervisor.TakeSnapshot");
        var machine = world.Machine;
        machine["destination_activate"] = true;

        var answer = await world.Sites.RunAsync(() => world.East.PostAsync("/backup/execute", new JsonObject { ["exec_vms"] = new JsonArray(machine) }.ToJsonString(), "respond-async"));
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.NotEqual("", (string)(await world.DataAsync(world.East, "/state"))["infos"]![0]!["last_error"]!);
    }

    private static void Break(SimSite site, string operation) => site.Faults.Add(new Fault { Operation = operation, Error = () => new InvalidOperationException("odd") });

    private static async Task<JsonObject> SecondAsync(ApiWorld world)
    {
        var guest = await world.Sites.ProtectAsync(world.Sites.East);
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        return new JsonObject { ["plan_uuid"] = $"{(await world.Sites.RowAsync(world.Sites.East, guest)).Plan}", ["vm_uuid"] = $"{guest.Uuid}" };
    }
}
