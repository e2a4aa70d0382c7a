using DisasterTolerance.Catalog;
using DisasterTolerance.Scheduling;

namespace DisasterTolerance.Tests.Scheduling;

public sealed class ScheduleRulesTests
{
    private static readonly PlanRow Plan = Rows.Plan();
    private static readonly MachineRow Ran = Rows.Machine() with { LastRunStarted = Rows.Now };

    [Fact]
    public void First_NewMachine_OneIntervalAfterItJoined() => Assert.Equal(Rows.Now.AddHours(1), ScheduleRules.First(Plan, false, Rows.Now));

    [Fact]
    public void AnyRule_DisabledDeletedOrPaused_SchedulesNothing()
    {
        foreach (var (plan, paused) in new[] { (Plan with { Enabled = false }, false), (Plan with { Deleted = Rows.Now }, false), (Plan, true) })
        {
            Assert.Null(ScheduleRules.First(plan, paused, Rows.Now));
            Assert.Null(ScheduleRules.AfterStart(plan, paused, Rows.Now));
            Assert.Null(ScheduleRules.Reanchored(plan, Ran with { Paused = paused }, Rows.Now));
        }

        Assert.Null(ScheduleRules.Reanchored(Plan, Ran with { Removed = Rows.Now }, Rows.Now));
    }

    [Fact]
    public void AfterStart_LateStart_CountsFromTheStart() => Assert.Equal(Rows.Now.AddDays(3).AddHours(1), ScheduleRules.AfterStart(Plan, false, Rows.Now.AddDays(3)));

    [Theory]
    [InlineData(10, 60)]
    [InlineData(60, 60)]
    [InlineData(61, 61)]
    [InlineData(6_000, 6_000)]
    public void Reanchored_Later_IsNeverInThePast(int nowMinutes, int expectedMinutes) =>
        Assert.Equal(Rows.Now.AddMinutes(expectedMinutes), ScheduleRules.Reanchored(Plan, Ran, Rows.Now.AddMinutes(nowMinutes)));

    [Fact]
    public void Reanchored_NewInterval_CountsFromTheLastStart()
    {
        Assert.Equal(Rows.Now.AddMinutes(10), ScheduleRules.Reanchored(Plan with { Interval = TimeSpan.FromMinutes(10) }, Ran, Rows.Now.AddMinutes(5)));
        Assert.Equal(Rows.Now.AddMinutes(30), ScheduleRules.Reanchored(Plan with { Interval = TimeSpan.FromMinutes(10) }, Ran, Rows.Now.AddMinutes(30)));
        Assert.Equal(Rows.Now.AddHours(1), ScheduleRules.Reanchored(Plan, Rows.Machine(), Rows.Now.AddMinutes(5)));
    }

    [Fact]
    public void Reanchored_ClockWasSetBack_StaysWithinOneInterval() =>
        Assert.Equal(Rows.Now.AddDays(-30).AddHours(1), ScheduleRules.Reanchored(Plan, Ran, Rows.Now.AddDays(-30)));

    [Fact]
    public void Reanchored_LongDowntime_GivesOneRunAndNoBurst()
    {
        var back = Rows.Now.AddDays(5);
        var next = ScheduleRules.Reanchored(Plan, Ran, back);
        Assert.Equal(back, next);
        Assert.Equal(back.AddHours(1), ScheduleRules.AfterStart(Plan, false, back));
    }

    [Fact]
    public void IsDue_Times_AreCompared()
    {
        var machine = Rows.Machine() with { NextRun = Rows.Now };
        Assert.True(ScheduleRules.IsDue(machine, Rows.Now));
        Assert.False(ScheduleRules.IsDue(machine, Rows.Now.AddTicks(-1)));
        Assert.False(ScheduleRules.IsDue(machine with { NextRun = null }, Rows.Now));
        Assert.False(ScheduleRules.IsDue(machine with { Removed = Rows.Now }, Rows.Now));
    }

    [Fact]
    public void InOrder_SameTime_PriorityDecides()
    {
        var machines = ScheduleRules.InOrder(
        [
            Rows.Machine(1),
            Rows.Machine(2) with { NextRun = Rows.Now, Priority = RecoveryPriority.Low },
            Rows.Machine(3) with { NextRun = Rows.Now, Priority = RecoveryPriority.High },
            Rows.Machine(4) with { NextRun = Rows.Now.AddMinutes(-1), Priority = RecoveryPriority.Low },
        ]);
        Assert.Equal(["vm4", "vm3", "vm2", "vm1"], machines.Select(machine => machine.Name));
    }
}
