using System.Net;
using System.Text.Json.Nodes;
using DisasterTolerance.Links;
using DisasterTolerance.Scenarios.Harness;
using Microsoft.Extensions.DependencyInjection;

namespace DisasterTolerance.Api.Routing;

/// <summary>Where requests are carried out: at the site that the route, the plan or the owner says, one hop away at the most, and only as far as that site allows.</summary>
public sealed class ForwardingTests
{
    [Fact]
    public async Task Recovery_OtherSiteIsDown_SaysSoAndRecoversNothing()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        world.Sites.Cut();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        var data = await world.DataAsync(world.East, "/slavecluster/backup/recovery", await RecoverAsync(world));

        var (code, desc) = ApiWorld.Result(data);
        Assert.Equal((ErrorCode.PeerUnreachable, 1), (code, (int)data["fail"]!));
        Assert.Contains("west", desc, StringComparison.Ordinal);
        Assert.Empty(world.Sites.West.Machines.Starts);
    }

    [Fact]
    public async Task Recovery_AtTheSiteThatDoesIt_NeedsNothingOfTheOther()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var request = await RecoverAsync(world);
        await world.Sites.East.CrashAsync();

        var data = await world.DataAsync(world.West, "/slavecluster/backup/recovery", request);

        Assert.Equal(1, (int)data["success"]!);
        Assert.True(world.Guest.IsOn(world.Sites.West));
    }

    [Fact]
    public async Task Recovery_WhileTheOwnerRunsTheMachine_IsRefusedUnlessForced()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var request = await RecoverAsync(world);
        Assert.Equal(ErrorCode.OwnerAlive, ApiWorld.Result(await world.DataAsync(world.West, "/slavecluster/backup/recovery", request)).Code);

        request["recover_vms"]![0]!["force"] = true;
        Assert.Equal(ErrorCode.None, ApiWorld.Result(await world.DataAsync(world.East, "/slavecluster/backup/recovery", request)).Code);
        Assert.False(world.Guest.IsOn(world.Sites.East));
    }

    [Theory]
    [InlineData(ForwardedCalls.Recoveries, "/slavecluster/backup/recovery")]
    [InlineData(ForwardedCalls.Migrations, "/vm/confirm")]
    [InlineData(ForwardedCalls.Runs, "/backup/execute")]
    public async Task Forwarding_NotAllowedByTheOtherSite_IsRefusedInItsWords(ForwardedCalls forbidden, string route)
    {
        // Confirmations and runs go to the owner, which is east; recoveries at the slave to west.
        var (asked, doing) = forbidden == ForwardedCalls.Recoveries ? ("east", "west") : ("west", "east");
        await using var world = await ApiWorld.StartAsync(sites => Forbid(doing == "east" ? sites.East : sites.West, forbidden));
        var request = forbidden == ForwardedCalls.Recoveries ? await RecoverAsync(world, "DT-1") : new JsonObject { ["exec_vms"] = new JsonArray(world.Machine) };

        var (code, desc) = ApiWorld.Result(await world.DataAsync(asked == "east" ? world.East : world.West, route, request));

        Assert.Equal(ErrorCode.PeerRefused, code);
        Assert.Contains("MayForward", desc, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plans_NotAllowedByTheMaster_CannotBeChangedFromTheSlave()
    {
        await using var world = await ApiWorld.StartAsync(sites => Forbid(sites.East, ForwardedCalls.Plans));

        var edit = await world.AskAsync(world.West, "/edit", new JsonObject { ["uuid"] = $"{world.Plan}", ["name"] = "theirs" });
        var delete = await world.AskAsync(world.West, "/delete", new JsonObject { ["uuid"] = $"{world.Plan}" });

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (edit.Status, delete.Status));
        Assert.Equal("plan", (await world.Sites.RunAsync(() => world.Sites.East.Plans.FindAsync(world.Plan)))!.Plan.Name);
    }

    [Fact]
    public async Task Edit_FromTheSlave_CannotShortenWhatTheMastersFloorKeeps()
    {
        await using var world = await ApiWorld.StartAsync(sites => sites.East.Configure = site => site.ConfigureRetention(keep =>
        {
            keep.FloorPoints = 4;
            keep.GracePeriod = TimeSpan.Zero;
        }));
        for (var i = 0; i < 5; i++)
        {
            await world.RunAsync();
            await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(2));
        }

        await world.DataAsync(world.West, "/edit", new JsonObject { ["uuid"] = $"{world.Plan}", ["recover_point_reserve_count"] = 1 });
        await world.RunAsync();
        await world.Sites.AdvanceAsync(TimeSpan.FromDays(1));

        Assert.True((await world.Sites.PointsAsync(world.Sites.East, world.Guest)).Count >= 4);
    }

    [Fact]
    public async Task Delete_FromTheSlave_LeavesTheMastersPointsForItsGracePeriod()
    {
        await using var world = await ApiWorld.StartAsync(sites => sites.East.Configure = site => site.ConfigureRetention(keep => keep.GracePeriod = TimeSpan.FromDays(7)));
        await world.RunAsync();

        await world.DataAsync(world.West, "/delete", new JsonObject { ["uuid"] = $"{world.Plan}" });
        await world.Sites.AdvanceAsync(TimeSpan.FromDays(6));

        Assert.Single(await world.Sites.PointsAsync(world.Sites.East, world.Guest));
    }

    [Fact]
    public async Task Plan_MasterIsDown_SlaveAnswers503AndMayStillDisable()
    {
        await using var world = await ApiWorld.StartAsync();
        world.Sites.Cut();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        var rename = await world.AskAsync(world.West, "/edit", new JsonObject { ["uuid"] = $"{world.Plan}", ["name"] = "new" });
        var disable = await world.AskAsync(world.West, "/edit", new JsonObject { ["uuid"] = $"{world.Plan}", ["enable"] = false });

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.OK), (rename.Status, disable.Status));
    }

    [Fact]
    public async Task Audit_ForwardedRun_NamesWhoAskedAtBothSites()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.DataAsync(world.West, "/backup/execute", new JsonObject { ["exec_vms"] = new JsonArray(world.Machine) });

        var (here, there) = (await RunsAsync(world.Sites.West), await RunsAsync(world.Sites.East));
        Assert.StartsWith("http", here.Actor, StringComparison.Ordinal);
        Assert.Equal($"{here.Actor}@west", there.Actor);

        async Task<Catalog.AuditEntry> RunsAsync(SimSite site) =>
            (await world.Sites.RunAsync(() => site.State.ReadAuditAsync(0, 1000))).Last(entry => entry.Action == "machine.run");
    }

    private static void Forbid(SimSite site, ForwardedCalls forbidden) =>
        site.Configure = builder => ((PeerOptions)builder.Services.Single(service => service.ServiceType == typeof(PeerOptions)).ImplementationInstance!).MayForward &= ~forbidden;

    private static async Task<JsonObject> RecoverAsync(ApiWorld world, string? point = null)
    {
        point ??= (string?)(await world.DataAsync(world.East, "/vm/backup/list", world.Machine))["backups"]![0]!["Name"];
        var machine = world.Machine;
        machine["vm_backup_uuid"] = point;
        return new JsonObject { ["recover_vms"] = new JsonArray(machine) };
    }
}
