using DisasterTolerance.Plans;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios;

public sealed class RetentionTests
{
    [Fact]
    public async Task Retention_ByCount_KeepsTheNewestAtBothSites()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 3 });
        await RunHoursAsync(world, guest, 8);

        foreach (var site in world.Sites)
        {
            Assert.Equal(3, (await world.PointsAsync(site, guest)).Count(point => point.Removed is null));
        }

        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Retention_ByAgeWithAFloor_KeepsTheFloorWhenRunsStop()
    {
        await using var world = await TwoSites.StartAsync(configure: w => w.West.Configure = site => site.ConfigureRetention(keep => keep.FloorPoints = 4));
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = null, ReserveDuration = TimeSpan.FromMinutes(150) });
        await RunHoursAsync(world, guest, 8);

        Assert.InRange((await world.PointsAsync(world.East, guest)).Count, 2, 3);
        Assert.Equal(4, (await world.PointsAsync(world.West, guest)).Count);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Retention_ClocksDiffer_Pauses()
    {
        await using var world = await TwoSites.StartAsync(configure: w => w.West.Skew = TimeSpan.FromMinutes(20));
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 2 });
        await RunHoursAsync(world, guest, 6);

        foreach (var site in world.Sites)
        {
            Assert.InRange((await world.PointsAsync(site, guest)).Count, 5, 6);
        }
    }

    [Fact]
    public async Task Delete_Plan_PointsStayForTheGraceAndAreAdoptedByANewPlan()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await RunHoursAsync(world, guest, 3);
        var plan = (await world.RowAsync(world.East, guest)).Plan;
        await world.RunAsync(() => world.East.Plans.DeleteAsync(plan, "test"));
        await world.AdvanceAsync(TimeSpan.FromDays(2));
        var kept = await world.PointsAsync(world.East, guest);
        Assert.InRange(kept.Count, 2, 3);

        var again = await world.RunAsync(() => world.East.Plans.AddAsync(Protection.PlanOf(world.East, guest.At(world.East))));
        Assert.Equal(guest.Uuid, again.Machines.Single().Uuid);
        var report = await world.RunAsync(world.East, guest);
        Assert.Equal(0, report.ChangedBytes);
        Assert.Equal(kept.Count + 1, (await world.PointsAsync(world.East, guest)).Count);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Delete_Plan_PointsGoAfterTheGraceAndTheSweepFreesThem()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { Interval = TimeSpan.FromDays(1), Rpo = TimeSpan.FromDays(2) });
        await world.RunAsync(world.East, guest);
        var full = world.West.Storage.UsedBytes;
        var plan = (await world.RowAsync(world.East, guest)).Plan;
        await world.RunAsync(() => world.East.Plans.DeleteAsync(plan, "test"));
        await world.AdvanceAsync(TimeSpan.FromDays(9));

        foreach (var site in world.Sites)
        {
            Assert.Empty(await world.PointsAsync(site, guest));
            Assert.InRange(site.Storage.UsedBytes, 0, full / 4);
        }
    }

    [Fact]
    public async Task Verify_DamagedRecord_IsFetchedFromThePeer()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var pack = world.West.Storage.Names.Where(name => name.Contains("pack", StringComparison.Ordinal)).MaxBy(name => world.West.Storage.Peek(name).Length)!;
        world.West.Storage.Tamper(pack, content =>
        {
            content[content.Length / 2] ^= 1;
            return content;
        });
        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        Assert.Equal(1, check.Damaged);
        Assert.Equal(1, check.Healed);
        Assert.Empty(check.DamagedPoints);
        await new Invariants(world).CheckAsync();
    }

    private static async Task RunHoursAsync(TwoSites world, Guest guest, int hours)
    {
        for (var hour = 0; hour < hours; hour++)
        {
            guest.Write(world.East);
            await world.AdvanceAsync(TimeSpan.FromHours(1));
        }

        await world.AdvanceAsync(TimeSpan.FromMinutes(3));
    }
}
