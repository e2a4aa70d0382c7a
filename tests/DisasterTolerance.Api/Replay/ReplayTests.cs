using System.Net;
using System.Text.Json;
using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;
using static DisasterTolerance.Api.Replay.ReferenceWorld;

namespace DisasterTolerance.Api.Replay;

/// <summary>
/// Every example of the API reference: its request is sent over HTTP to a site that is as the example has it, and the answer is compared member by member. The examples come from different days, so each has
/// a world of its own.
/// </summary>
public sealed class ReplayTests
{
    /// <summary>All that differs from the reference, and why. Nothing else may.</summary>
    private static readonly Dictionary<(string Example, string Path), string> Differences = new()
    {
        [("add", "$.data.infos[0].protected_vm[0].name")] = "the reference drops the name that its own request gives; it is kept here, and list, get and edit show what was given",
        [("state", "$.data.infos[0].last_error")] = "the reference's first machine lacks three members that its table and its second machine have",
        [("state", "$.data.infos[0].deleted")] = "the same",
        [("state", "$.data.infos[0].zone")] = "the same",
        [("vm.backup.list", "$.data.backups[0].Uuid")] = "no member of the reference, but a recovery by the point's uuid needs it",
        [("vm.backup.list", "$.data.backups[1].Uuid")] = "the same",
    };

    public static TheoryData<string> Examples => [.. ExampleWorlds.Names];

    [Fact]
    public void Examples_All_HaveAWorld() => Assert.Equal(Example.Names, ExampleWorlds.Names);

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Request_OfTheReference_IsAnsweredAsTheReferenceHasIt(string name)
    {
        await using var world = await ExampleWorlds.CreateAsync(name);
        await PlayAsync(name, world);
    }

    [Fact]
    public async Task Delete_Example_Deletes()
    {
        await using var world = await PlayedAsync("delete");
        Assert.Null(await world.RunAsync(() => world.East.Plans.FindAsync(Plan)));
    }

    [Fact]
    public async Task LinkDelete_Example_Deletes()
    {
        await using var world = await PlayedAsync("link.delete");
        Assert.Empty(await world.RunAsync(() => world.East.Links.ListAsync()));
    }

    [Fact]
    public async Task LinkChecking_Example_DialsTheHostOnTheLinksPort()
    {
        var dialled = new Dialled();
        await using var world = await ExampleWorlds.CreateAsync("link.checking");
        await world.RunAsync(() => world.East.StopAsync());
        world.East.Configure = dialled.Watch(world.East.Configure);
        await world.RunAsync(() => world.East.StartAsync());
        await world.WaitForLinkAsync();
        dialled.Endpoints.Clear();
        await PlayAsync("link.checking", world);
        Assert.Equal(["10.30.11.210:9301"], dialled.Endpoints);
    }

    [Fact]
    public async Task MasterRecovery_Example_RestoresThePoint()
    {
        await using var world = await ExampleWorlds.CreateAsync("mastercluster.backup.recovery");
        var then = world.East.Machines.HashDisk(MasterSide, "disk0");
        world.East.Machines.WriteDisk(MasterSide, "disk0", 7_000, [1, 2, 3]);
        await PlayAsync("mastercluster.backup.recovery", world);
        Assert.Equal(then, world.East.Machines.HashDisk(MasterSide, "disk0"));
    }

    [Fact]
    public async Task SlaveRecovery_Example_BringsTheMachineUpAtTheSlave()
    {
        await using var world = await PlayedAsync("slavecluster.backup.recovery");
        Assert.Equal(world.East.Machines.HashDisk(MasterSide, "disk0"), world.West.Machines.HashDisk(SlaveSide, "disk0"));
        Assert.Equal(SlaveSide, world.West.Machines.Starts.Single().Machine);
    }

    [Fact]
    public async Task Execute_Example_Migrates()
    {
        await using var world = await PlayedAsync("backup.execute");
        Assert.Equal(SlaveSide, world.West.Machines.Starts.Single().Machine);
    }

    [Fact]
    public async Task Confirm_Example_Confirms()
    {
        await using var world = await PlayedAsync("vm.confirm");
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        var view = await world.RunAsync(() => world.East.State.FindMachineAsync(Protected));
        Assert.Equal((Procedure.Normal, Cluster212.Uuid), (view!.Machine.Procedure, view.Machine.Ownership.Owner));
    }

    private static async Task<TwoSites> PlayedAsync(string name)
    {
        var world = await ExampleWorlds.CreateAsync(name);
        await PlayAsync(name, world);
        return world;
    }

    private static async Task PlayAsync(string name, TwoSites world)
    {
        var example = Example.Read(name);
        await using var api = await SiteApi.ServeAsync(world.East);
        var answer = await world.RunAsync(() => api.SendAsync(example.Method, example.Target, example.Request));
        AssertAnswers(name, answer);
        Assert.Empty(api.Logged.Errors);
    }

    /// <summary>The answer is the example's, but for what is listed.</summary>
    internal static void AssertAnswers(string name, ApiAnswer answer)
    {
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        using var actual = JsonDocument.Parse(answer.Body);
        var found = JsonDifferences.Find(Example.Read(name).Response, actual.RootElement, values: true);
        Assert.DoesNotContain(found, difference => !Differences.ContainsKey((name, difference.Path)));
        Assert.Equal(Differences.Keys.Where(key => key.Example == name).Select(key => key.Path).Order(StringComparer.Ordinal), found.Select(difference => difference.Path).Order(StringComparer.Ordinal));
    }
}
