using DisasterTolerance.Plans;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios;

public sealed class ScheduleTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Schedule_ThreeDays_RunsEveryTwoHoursAndShipsEachPoint()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 100, Interval = 2 * Hour });
        for (var run = 0; run < 36; run++)
        {
            guest.Write(world.East);
            await world.AdvanceAsync(2 * Hour);
        }

        await world.AdvanceAsync(TimeSpan.FromMinutes(5));
        var here = await world.PointsAsync(world.East, guest);
        var there = await world.PointsAsync(world.West, guest);
        Assert.InRange(here.Count, 35, 36);
        Assert.Equal(here.Select(point => point.Uuid), there.Select(point => point.Uuid));
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Schedule_SiteWasDownForTwoDays_RunsOnce()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 100 });
        await world.AdvanceAsync(Hour + TimeSpan.FromMinutes(5));
        await world.RunAsync(() => world.East.StopAsync());
        await world.AdvanceAsync(TimeSpan.FromDays(2));
        guest.Write(world.East);
        await world.RunAsync(() => world.East.StartAsync());
        await world.AdvanceAsync(TimeSpan.FromMinutes(30));

        Assert.Equal(2, (await world.PointsAsync(world.East, guest)).Count);
        await world.AdvanceAsync(Hour);
        Assert.Equal(3, (await world.PointsAsync(world.East, guest)).Count);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Run_OnDemand_ReanchorsTheSchedule()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.AdvanceAsync(TimeSpan.FromMinutes(40));
        var report = await world.RunAsync(world.East, guest);

        Assert.Equal(report.Started + Hour, (await world.RowAsync(world.East, guest)).NextRun);
        await world.AdvanceAsync(TimeSpan.FromMinutes(50));
        Assert.Single(await world.PointsAsync(world.East, guest));
        await world.AdvanceAsync(TimeSpan.FromMinutes(15));
        Assert.Equal(2, (await world.PointsAsync(world.East, guest)).Count);
    }

    [Fact]
    public async Task Run_ShutDownFirst_LeavesTheMachineOff()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        world.East.Machines.SetPower(guest.At(world.East), DisasterTolerance.Hypervisors.PowerState.On);

        var report = await world.RunAsync(() => world.East.Replication.RunAsync(new RunRequest(guest.Uuid, "test") { ShutDownFirst = true }));

        Assert.True(report.LeftOff);
        var point = Assert.Single(await world.PointsAsync(world.West, guest));
        Assert.Equal(DisasterTolerance.Hypervisors.SnapshotConsistency.PoweredOff, point.Consistency);
        Assert.Equal(DisasterTolerance.Hypervisors.PowerState.Off, (await world.East.Machines.FindMachineAsync(guest.At(world.East), CancellationToken.None))!.Power);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Schedule_PlanDisabled_RunsOnlyOnDemand()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { Enabled = false });
        await world.AdvanceAsync(TimeSpan.FromHours(5));
        Assert.Empty(await world.PointsAsync(world.East, guest));
        Assert.Null((await world.RowAsync(world.East, guest)).NextRun);

        var report = await world.RunAsync(world.East, guest);
        Assert.Equal(1, report.ShippedPoints);
        Assert.Null((await world.RowAsync(world.East, guest)).NextRun);
    }

    [Fact]
    public async Task Schedule_MachinePaused_RunsAgainWhenResumed()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(() => world.East.Plans.SetPausedAsync(guest.Uuid, true, "test"));
        await world.AdvanceAsync(TimeSpan.FromHours(5));
        Assert.Empty(await world.PointsAsync(world.East, guest));

        await world.RunAsync(() => world.East.Plans.SetPausedAsync(guest.Uuid, false, "test"));
        await world.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.Single(await world.PointsAsync(world.East, guest));
    }

    [Fact]
    public async Task Edit_WhileARunGoesOn_TheRunEndsByTheOldSettings()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        var held = new TaskCompletionSource();
        world.East.Faults.Add(new Testing.Faults.Fault
        {
            Operation = "Snapshot.Read", Point = Testing.Faults.FaultPoint.Before, Kind = Testing.Faults.FaultKind.Action, Action = async _ => await held.Task,
        });
        var running = world.East.Replication.RunAsync(new RunRequest(guest.Uuid, "test")).AsTask();
        await world.SettleAsync();
        var plan = (await world.RowAsync(world.East, guest)).Plan;
        var edited = await world.RunAsync(() => world.East.Plans.EditAsync(plan, new PlanEdit { Interval = TimeSpan.FromMinutes(30), Rpo = TimeSpan.FromHours(3), Actor = "test" }));
        held.SetResult();
        var report = await world.RunAsync(() => running);

        Assert.Equal(TimeSpan.FromMinutes(30), edited.Plan.Interval);
        Assert.Equal(report.Started + TimeSpan.FromMinutes(30), (await world.RowAsync(world.East, guest)).NextRun);
        Assert.Single(await world.PointsAsync(world.West, guest));
        world.East.Faults.VerifyAllFired();
    }
}
