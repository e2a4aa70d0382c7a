using System.Text.Json.Nodes;
using DisasterTolerance.Api.Replay;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Api.BadInput;

/// <summary>Wrong requests to every route: each is refused in words, nothing is changed, nothing is logged as an error.</summary>
public sealed class WrongRequestTests
{
    /// <summary>Members that a route does not read, whatever they are.</summary>
    private static readonly HashSet<string> Ignored =
    [
        "add:cluster_uuid", "delete:cluster_uuid", "edit:cluster_uuid", "edit:master_cluster", "edit:slave_cluster", "vm.backup.list:cluster_uuid", "link.add:cluster_uuid", "link.delete:cluster_uuid",
        "link.checking:cluster_uuid", "link.edit:cluster_uuid", "backup.execute:cluster_uuid", "vm.confirm:cluster_uuid", "mastercluster.backup.recovery:cluster_uuid",
        "slavecluster.backup.recovery:cluster_uuid",

        // An answer sent back as an edit: only what can be edited is read.
        "edit:protected_vm.uuid", "edit:protected_vm.disaster_tolerant_plan", "edit:protected_vm.slave_side_uuid", "edit:protected_vm.running_cluster", "edit:protected_vm.procedure",
        "edit:protected_vm.last_backup_time", "edit:protected_vm.ctime", "edit:protected_vm.dtp_type", "edit:protected_vm.master_side_last_snap", "edit:protected_vm.slave_side_last_snap",
    ];

    /// <summary>What looks wrong and is right: free texts, filters that match nothing, identities that are names.</summary>
    private static readonly HashSet<string> Allowed =
    [
        "add:name=\"x\"", "add:storage_medium=\"x\"", "add:protected_vm.name=\"x\"", "add:compression=true", "add:enable=true", "edit:name=\"x\"", "edit:storage_medium=\"x\"", "edit:protected_vm.name=\"x\"",
        "edit:compression=true", "edit:enable=true", "list:fuzzy=\"x\"", "list:fuzzy=\"a\\u0000b\"", "mastercluster.backup.list:fuzzy=\"x\"", "mastercluster.backup.list:fuzzy=\"a\\u0000b\"",
        "slavecluster.backup.list:fuzzy=\"x\"", "slavecluster.backup.list:fuzzy=\"a\\u0000b\"", "state:fuzzy=\"x\"", "state:fuzzy=\"a\\u0000b\"", "link.add:sides.ClusterName=\"x\"",
        "backup.execute:exec_vms.auto_shutoff=true", "backup.execute:exec_vms.destination_activate=true",
    ];

    public static TheoryData<string> Examples => [.. ExampleWorlds.Names.Where(name => Example.Read(name).Request is not null)];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Request_Unreadable_IsRefusedAndChangesNothing(string name)
    {
        await using var world = await ExampleWorlds.CreateAsync(name);
        await using var api = await SiteApi.ServeAsync(world.East);
        var before = await Standing.OfAsync(world);

        foreach (var (what, body) in WrongRequests.Unreadable)
        {
            AssertRefused($"{name} with {what}", await world.RunAsync(() => api.SendAsync(HttpMethod.Post, SiteApi.Prefix + Example.Read(name).Route, body)));
        }

        await before.AssertSameAsync(hasData: world.West.IsRunning);
        Assert.Empty(api.Logged.Errors);
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Request_OneMemberWrong_IsRefusedAndChangesNothing(string name)
    {
        await using var world = await ExampleWorlds.CreateAsync(name);
        await using var api = await SiteApi.ServeAsync(world.East);
        var before = await Standing.OfAsync(world);
        var request = JsonNode.Parse(Example.Read(name).Request!)!.AsObject();

        foreach (var (member, value, body) in WrongRequests.ForEachMember(request).Where(wrong => !Ignored.Contains($"{name}:{wrong.Member}") && !Allowed.Contains($"{name}:{wrong.Member}={wrong.Value}")))
        {
            AssertRefused($"{name} with {member} {value}", await world.RunAsync(() => api.SendAsync(HttpMethod.Post, SiteApi.Prefix + Example.Read(name).Route, body)));
        }

        await before.AssertSameAsync(hasData: world.West.IsRunning);
        Assert.Empty(api.Logged.Errors);
    }

    [Theory]
    [InlineData("add")]
    [InlineData("edit")]
    [InlineData("delete")]
    [InlineData("vm.backup.list")]
    [InlineData("link.add")]
    [InlineData("link.delete")]
    [InlineData("link.edit")]
    [InlineData("link.checking")]
    [InlineData("backup.execute")]
    [InlineData("vm.confirm")]
    [InlineData("mastercluster.backup.recovery")]
    [InlineData("slavecluster.backup.recovery")]
    public async Task Request_Empty_IsRefusedWhereSomethingIsNeeded(string name)
    {
        await using var world = await ExampleWorlds.CreateAsync(name);
        await using var api = await SiteApi.ServeAsync(world.East);
        var before = await Standing.OfAsync(world);

        foreach (var body in (byte[]?[])[null, [], "{}"u8.ToArray(), "null"u8.ToArray(), " \r\n"u8.ToArray()])
        {
            AssertRefused(name, await world.RunAsync(() => api.SendAsync(HttpMethod.Post, SiteApi.Prefix + Example.Read(name).Route, body)));
        }

        await before.AssertSameAsync(hasData: world.West.IsRunning);
    }

    /// <summary>A 4xx with the envelope; or, where machines have results of their own, one that failed.</summary>
    internal static void AssertRefused(string what, ApiAnswer answer)
    {
        var envelope = JsonNode.Parse(answer.Body)!.AsObject();
        var shown = $"{what}: {answer}";
        shown = shown.Length > 600 ? shown[..600] : shown;
        if ((int)answer.Status == 200)
        {
            Assert.True(envelope["data"]!["results"] is not null && (int)envelope["data"]!["success"]! == 0 && (int)envelope["data"]!["fail"]! > 0, shown);
            Assert.All(envelope["data"]!["results"]!.AsArray(), result => Assert.True((int)result!["scode"]! != 0 && ((string)result["desc"]!).Length > 0, shown));
        }
        else
        {
            Assert.True((int)answer.Status is >= 400 and < 500, shown);
            Assert.True((int)envelope["scode"]! != 0 && (int)envelope["scode"]! == (int)envelope["data"]!["status"]!["code"]!, shown);
            Assert.All((string[])["message", "message_cn", "desc"], member => Assert.True(((string)envelope[member]!).Length > 0, shown));
        }

        Assert.DoesNotContain("   at ", answer.ToString(), StringComparison.Ordinal);
        Assert.True(answer.Body.Length < 64 << 10, shown);
    }
}
