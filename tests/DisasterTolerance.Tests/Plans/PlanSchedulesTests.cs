using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Tests.Links;

namespace DisasterTolerance.Tests.Plans;

public sealed class PlanSchedulesTests
{
    [Fact]
    public async Task StartAsync_KilledBetweenEditAndSchedule_MakesItFit()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var machine = view.Machines[0].Uuid;
        await pair.Master.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutPlan(view.Plan with { Enabled = false })), default);

        await new PlanSchedules(pair.Master.Context, pair.Master.Writer).StartAsync(default);

        Assert.Null((await pair.Master.MachineAsync(machine)).NextRun);
    }

    [Fact]
    public async Task StartAsync_MachineThatIsDue_StaysDue()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var due = view.Machines[0].NextRun;
        pair.Time.Advance(TimeSpan.FromDays(1));

        await new PlanSchedules(pair.Master.Context, pair.Master.Writer).StartAsync(default);

        Assert.Equal(due, (await pair.Master.MachineAsync(view.Machines[0].Uuid)).NextRun);
    }

    [Fact]
    public async Task StartAsync_MachineOfAnotherOwner_IsNotScheduledHere()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        await pair.Slave.Machines.UpdateAsync(machine.Uuid, row => row with { NextRun = pair.Now }, default, tell: false);

        await new PlanSchedules(pair.Slave.Context, pair.Slave.Writer).StartAsync(default);

        Assert.Null((await pair.Slave.MachineAsync(machine.Uuid)).NextRun);
    }
}
