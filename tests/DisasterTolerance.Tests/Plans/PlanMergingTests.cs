using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Plans;

public sealed class PlanMergingTests
{
    private static readonly PlanRow Plan = Rows.Plan();
    private static readonly MachineRow[] Machines = [Rows.Machine(1), Rows.Machine(2)];
    private static readonly DateTimeOffset Later = Rows.Now.AddHours(1);

    [Fact]
    public void Merge_NothingGiven_KeepsEverything()
    {
        foreach (var edit in new PlanEdit[]
        {
            new(),
            new() { Name = "", Rpo = TimeSpan.Zero, Interval = TimeSpan.Zero, ReserveCount = 0, ReserveDuration = TimeSpan.Zero, Type = "", StorageMedium = "" },
            new() { Type = "hci", Enabled = true, Compression = true, Machines = [Wanted(1), Wanted(2)] },
        })
        {
            var merge = Merge(edit);
            Assert.Empty(merge.Errors);
            Assert.False(merge.ChangesAnything);
            Assert.Same(Plan, merge.Plan);
        }
    }

    [Fact]
    public void Merge_Everything_IsApplied()
    {
        var merge = Merge(new()
        {
            Name = "new",
            Rpo = TimeSpan.FromHours(9),
            Interval = TimeSpan.FromHours(8),
            ReserveDuration = TimeSpan.FromDays(2),
            Compression = false,
            Enabled = false,
            StorageMedium = "fast",
        });
        Assert.Empty(merge.Errors);
        var expected = Plan with
        {
            Name = "new",
            Rpo = TimeSpan.FromHours(9),
            Interval = TimeSpan.FromHours(8),
            Retention = RetentionPolicy.KeepFor(TimeSpan.FromDays(2)),
            Compression = false,
            Enabled = false,
            StorageMedium = "fast",
            Revision = 2,
            Modified = Later,
        };
        Assert.Equal(expected, merge.Plan);
        Assert.True(merge.ChangesAnything && merge.Reschedules);
        Assert.Empty(merge.Removed);
    }

    [Fact]
    public void Merge_EnabledAgain_ForgetsWhyItWasOff()
    {
        var off = Plan with { Enabled = false, DisabledBecause = "duplicate" };
        Assert.Equal("duplicate", Merge(new() { Name = "x" }, off).Plan.DisabledBecause);
        Assert.Equal("", Merge(new() { Enabled = true }, off).Plan.DisabledBecause);
    }

    [Fact]
    public void Merge_OneReserveValue_SwitchesTheMode()
    {
        var byAge = Merge(new() { ReserveDuration = TimeSpan.FromDays(1), ReserveCount = 0 }).Plan;
        Assert.Equal(RetentionPolicy.KeepFor(TimeSpan.FromDays(1)), byAge.Retention);
        Assert.Equal(RetentionPolicy.Keep(4), Merge(new() { ReserveCount = 4 }, byAge).Plan.Retention);
        Assert.False(Merge(new() { ReserveCount = 4 }).Reschedules);
    }

    [Fact]
    public void Merge_Faults_ChangeNothingAndAreAllListed()
    {
        var merge = Merge(new()
        {
            Name = "a\0",
            Rpo = TimeSpan.FromMinutes(1),
            ReserveCount = 2,
            ReserveDuration = TimeSpan.FromDays(1),
            Type = "kvm",
            Machines = [],
        });
        Assert.Equal(5, merge.Errors.Count);
        Assert.Equal(ErrorCode.InvalidArgument, merge.Code);
        Assert.Same(Plan, merge.Plan);
        Assert.False(merge.ChangesAnything);
    }

    [Fact]
    public void Merge_NegativeValues_AreErrors() =>
        Assert.Equal(4, Merge(new() { Rpo = TimeSpan.FromHours(-1), Interval = TimeSpan.FromHours(-1), ReserveCount = -1, ReserveDuration = TimeSpan.FromHours(-1) }).Errors.Count);

    [Fact]
    public void Merge_EmptyListWithoutMachines_IsFine() =>
        Assert.Empty(PlanMerging.Merge(Plan, [], new() { Machines = [] }, new(), new Dictionary<Guid, string>(), Later).Errors);

    [Fact]
    public void Merge_NewList_AddsRemovesAndChanges()
    {
        var merge = Merge(new() { Machines = [Wanted(2) with { Priority = RecoveryPriority.High, Name = "" }, Wanted(3)] });
        Assert.Empty(merge.Errors);
        Assert.Equal(Rows.Id(0xd1, 3), Assert.Single(merge.Added).MasterUuid);
        Assert.Equal("vm1", Assert.Single(merge.Removed).Name);
        Assert.Equal(Machines[1] with { Priority = RecoveryPriority.High }, Assert.Single(merge.Changed));
        Assert.Equal(2, merge.Plan.Revision);
        Assert.False(merge.Reschedules);
    }

    [Fact]
    public void Merge_MachineByOtherUuids_IsTheSameMachine()
    {
        var merge = Merge(new() { Machines = [Wanted(1) with { MasterUuid = Machines[0].SlaveUuid }, Wanted(2) with { MasterUuid = Machines[1].Uuid }] });
        Assert.Empty(merge.Errors);
        Assert.False(merge.ChangesAnything);
        var twice = Merge(new() { Machines = [Wanted(1), Wanted(1) with { MasterUuid = Machines[0].SlaveUuid }] });
        Assert.Contains("by different uuids", Assert.Single(twice.Errors), StringComparison.Ordinal);
        Assert.Contains("listed twice", Assert.Single(Merge(new() { Machines = [Wanted(1), Wanted(1)] }).Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_MachineOfAnotherPlan_IsAnError()
    {
        var elsewhere = new Dictionary<Guid, string> { [Rows.Id(0xd1, 3)] = "other" };
        var merge = PlanMerging.Merge(Plan, Machines, new() { Machines = [Wanted(1), Wanted(3)] }, new(), elsewhere, Later);
        Assert.Contains("'other'", Assert.Single(merge.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Merge_EditedMeanwhile_IsAConflict()
    {
        Assert.Empty(Merge(new() { ExpectedModified = Plan.Modified.AddMilliseconds(400) }).Errors);
        var merge = Merge(new() { ExpectedModified = Plan.Modified.AddSeconds(-1), Name = "x" });
        Assert.Equal(ErrorCode.Conflict, merge.Code);
        Assert.Single(merge.Errors);
        Assert.Equal(ErrorCode.Conflict, Merge(new() { Name = "x" }, Plan with { Deleted = Rows.Now }).Code);
    }

    private static MachineSpecification Wanted(int number) => new() { MasterUuid = Rows.Id(0xd1, number), Name = $"vm{number}" };

    private static PlanMerge Merge(PlanEdit edit, PlanRow? plan = null) => PlanMerging.Merge(plan ?? Plan, Machines, edit, new(), new Dictionary<Guid, string>(), Later);
}
