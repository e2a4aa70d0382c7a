using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios;

public sealed class LinkOutageTests
{
    [Fact]
    public async Task Ship_AfterAnOutage_NewestFirstThenWhatRetentionKeeps()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 4 });
        await world.RunAsync(world.East, guest);
        world.Cut();
        for (var hour = 0; hour < 6; hour++)
        {
            guest.Write(world.East);
            await world.AdvanceAsync(TimeSpan.FromHours(1));
        }

        var owed = (await world.PointsAsync(world.East, guest)).ToList();
        Assert.Single(await world.PointsAsync(world.West, guest));
        var heard = world.West.Events.Count;
        await world.HealAsync();
        await world.AdvanceAsync(TimeSpan.FromMinutes(10));

        var received = world.West.Events.Skip(heard).Where(e => e.Kind == SiteEventKind.PointCommitted).Select(e => e.Message).ToList();
        Assert.Contains(owed[0].Name, received[0], StringComparison.Ordinal);
        var there = (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid).ToList();
        Assert.All(owed.Take(4), point => Assert.Contains(point.Uuid, there));
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Ship_CutInTheMiddle_GoesOnWhereItStopped()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, disks: [new("disk0", 2_000_000)]);
        world.Link.CutAfter(Testing.Links.LinkDirection.FirstToSecond, 600_000);
        world.Link.CutAfter(Testing.Links.LinkDirection.SecondToFirst, 600_000);
        var before = world.Link.BytesMoved(Testing.Links.LinkDirection.FirstToSecond) + world.Link.BytesMoved(Testing.Links.LinkDirection.SecondToFirst);
        await world.AdvanceAsync(TimeSpan.FromMinutes(70));

        Assert.Single(await world.PointsAsync(world.West, guest));
        var moved = world.Link.BytesMoved(Testing.Links.LinkDirection.FirstToSecond) + world.Link.BytesMoved(Testing.Links.LinkDirection.SecondToFirst) - before;
        Assert.InRange(moved, 1_000_000, 1_400_000);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Plan_AddedWhileTheLinkIsDown_IsMirroredWhenItComesUp()
    {
        await using var world = await TwoSites.StartAsync();
        world.Cut();
        var guest = await world.ProtectAsync(world.East);
        await world.AdvanceAsync(TimeSpan.FromHours(2));
        Assert.Empty((await world.West.Context.Catalog.QueryMachinesAsync(new(), CancellationToken.None)).Items);

        await world.HealAsync();
        var there = await world.RowAsync(world.West, guest);
        var here = await world.RowAsync(world.East, guest);
        Assert.Equal(here.Ownership, there.Ownership);
        Assert.Equal(here.SlaveUuid, there.SlaveUuid);
        await world.AdvanceAsync(TimeSpan.FromMinutes(30));
        Assert.NotEmpty(await world.PointsAsync(world.West, guest));
    }

    [Fact]
    public async Task Plan_SameMachineAtBothSitesWhileTheLinkIsDown_TheNewerPlanIsDisabled()
    {
        await using var world = await TwoSites.StartAsync();
        world.Cut();
        var machine = world.AddMachine(world.East);
        world.West.Machines.AddMachine(machine, new Hypervisors.MachineDefinition { Name = "twin", Disks = Protection.SmallDisks });
        var older = await world.RunAsync(() => world.East.Plans.AddAsync(Protection.PlanOf(world.East, machine)));
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        var newer = await world.RunAsync(() => world.West.Plans.AddAsync(Protection.PlanOf(world.West, machine)));
        await world.HealAsync();

        foreach (var site in world.Sites)
        {
            var kept = await world.RunAsync(() => site.Plans.FindAsync(older.Plan.Uuid));
            var disabled = await world.RunAsync(() => site.Plans.FindAsync(newer.Plan.Uuid));
            Assert.True(kept!.Plan.Enabled);
            Assert.False(disabled!.Plan.Enabled);
            Assert.NotEmpty(disabled.Plan.DisabledBecause);
        }
    }

    [Fact]
    public async Task Events_LinkDownAndUp_AreTold()
    {
        await using var world = await TwoSites.StartAsync();
        world.East.Events.Clear();
        world.Cut();
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        await world.HealAsync();
        Assert.Equal([SiteEventKind.LinkDown, SiteEventKind.LinkUp], world.East.Events.Select(e => e.Kind).Where(kind => kind is SiteEventKind.LinkDown or SiteEventKind.LinkUp));
    }
}
