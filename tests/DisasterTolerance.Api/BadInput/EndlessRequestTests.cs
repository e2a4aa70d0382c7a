using System.Net;
using System.Text.Json.Nodes;
using DisasterTolerance.Api.Routing;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Api.BadInput;

/// <summary>Requests that name more than anybody means: refused as a whole, with an answer of a size that people read.</summary>
public sealed class EndlessRequestTests
{
    [Theory]
    [InlineData("/backup/execute", "exec_vms")]
    [InlineData("/slavecluster/backup/recovery", "recover_vms")]
    public async Task Work_OnAHostOfEndlessName_IsRefused(string route, string member)
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var machine = world.Machine;
        machine["vm_backup_uuid"] = (string?)(await world.DataAsync(world.East, "/vm/backup/list", world.Machine))["backups"]![0]!["Name"];
        (machine["destination_activate"], machine["auto_shutoff"], machine["force"]) = (true, true, true);
        machine["startup_hosts"] = new JsonArray(new string('h', 1 << 20));
        var before = await Standing.OfAsync(world.Sites);

        var answer = await world.AskAsync(world.East, route, new JsonObject { [member] = new JsonArray(machine) });

        WrongRequestTests.AssertRefused(route, answer);
        Assert.Equal(ErrorCode.InvalidArgument, ApiWorld.Result(answer.Data).Code);
        await before.AssertSameAsync();
    }

    [Fact]
    public async Task Plan_EachOfManyMachinesWrong_IsRefusedInFewWords()
    {
        await using var world = await ApiWorld.StartAsync();
        var machines = new JsonArray([.. Enumerable.Range(0, 2_000).Select(_ => new JsonObject { ["master_side_uuid"] = $"{Guid.NewGuid()}", ["name"] = new string('n', 200), ["path"] = "../x" })]);
        var before = await Standing.OfAsync(world.Sites);

        var answer = await world.AskAsync(world.East, "/edit", new JsonObject { ["uuid"] = $"{world.Plan}", ["protected_vm"] = machines });

        WrongRequestTests.AssertRefused("2,000 paths upwards", answer);
        Assert.Contains("There are 1980 more errors", (string)JsonNode.Parse(answer.Body)!["desc"]!, StringComparison.Ordinal);
        await before.AssertSameAsync();
    }
}
