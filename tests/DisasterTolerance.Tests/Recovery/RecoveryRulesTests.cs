using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

public sealed class RecoveryRulesTests
{
    private static readonly MachineRow Machine = Rows.Machine();
    private static readonly PeerReport Down = new(false, PowerState.Unknown, null);
    private static readonly PeerReport Up = new(true, PowerState.Off, Machine.Ownership);
    private static readonly Takeover Migrated = new(TakeoverKind.Migration, Rows.SiteB, Rows.Point(1).Uuid, Rows.Now);
    private static readonly PendingWork Work = new(Rows.Id(1, 1), WorkKind.Failover, "", null, "", false, Rows.Now, "");
    private static readonly OwnershipConflict Open = new(new(1, Rows.SiteA, Rows.Now), new(2, Rows.SiteB, Rows.Now), Rows.Now, "it runs");

    [Theory]
    [InlineData(false, PowerState.Unknown, false, true)]
    [InlineData(true, PowerState.Unknown, false, true)]
    [InlineData(true, PowerState.Off, false, true)]
    [InlineData(true, PowerState.On, false, false)]
    [InlineData(true, PowerState.On, true, true)]
    public void MayFailOver_OwnersReport_Decides(bool linkUp, PowerState power, bool force, bool allowed)
    {
        var refusal = RecoveryRules.MayFailOver(Machine, Rows.SiteB, Rows.Point(1), new(linkUp, power, null), force);
        Assert.Equal(allowed ? null : ErrorCode.OwnerAlive, refusal?.Code);
    }

    [Fact]
    public void MayFailOver_NoUsablePoint_IsRefused()
    {
        Assert.Equal(ErrorCode.NoRecoveryPoint, RecoveryRules.MayFailOver(Machine, Rows.SiteB, null, Down, false)!.Code);
        Assert.Equal(ErrorCode.NoRecoveryPoint, RecoveryRules.MayFailOver(Machine, Rows.SiteB, Rows.Point(1) with { Damage = "x" }, Down, false)!.Code);
        Assert.Equal(ErrorCode.NoRecoveryPoint, RecoveryRules.MayFailOver(Machine, Rows.SiteB, Rows.Point(1) with { Removed = Rows.Now }, Down, true)!.Code);
    }

    [Fact]
    public void MayFailOver_OwnerItself_OnlyAfterItYielded()
    {
        Assert.Equal(ErrorCode.Conflict, RecoveryRules.MayFailOver(Machine, Rows.SiteA, Rows.Point(1), Down, false)!.Code);
        var yielded = Machine with { Ownership = OwnershipRules.Yield(Machine.Ownership, Rows.SiteB) };
        Assert.Null(RecoveryRules.MayFailOver(yielded, Rows.SiteA, Rows.Point(1), Down, false));
    }

    [Fact]
    public void EveryRecovery_BusyInConflictOrRemoved_IsRefused()
    {
        foreach (var (machine, code) in new[]
        {
            (Machine with { Pending = Work }, ErrorCode.Conflict),
            (Machine with { Conflict = Open }, ErrorCode.OwnershipConflict),
            (Machine with { Removed = Rows.Now }, ErrorCode.NotFound),
        })
        {
            Assert.Equal(code, RecoveryRules.MayFailOver(machine, Rows.SiteB, Rows.Point(1), Down, true)!.Code);
            Assert.Equal(code, RecoveryRules.MayRestore(machine, Rows.SiteA, Rows.Point(1))!.Code);
            Assert.Equal(code, RecoveryRules.MayMigrate(machine, Rows.SiteA, PowerState.Off, true, Up)!.Code);
            Assert.Equal(code, RecoveryRules.MayUndo(machine, Rows.SiteA, Up)!.Code);
            Assert.Equal(code, RecoveryRules.MayConfirm(machine, Rows.SiteA, out _)!.Code);
        }
    }

    [Fact]
    public void MayRestore_Owner_IsAllowed()
    {
        Assert.Null(RecoveryRules.MayRestore(Machine, Rows.SiteA, Rows.Point(1)));
        Assert.Equal(ErrorCode.NotOwner, RecoveryRules.MayRestore(Machine, Rows.SiteB, Rows.Point(1))!.Code);
        Assert.Equal(ErrorCode.NoRecoveryPoint, RecoveryRules.MayRestore(Machine, Rows.SiteA, null)!.Code);
    }

    [Theory]
    [InlineData(PowerState.Off, false, ErrorCode.None)]
    [InlineData(PowerState.On, true, ErrorCode.None)]
    [InlineData(PowerState.On, false, ErrorCode.MachineRunning)]
    [InlineData(PowerState.Unknown, true, ErrorCode.HypervisorFailed)]
    public void MayMigrate_Power_Decides(PowerState power, bool autoShutoff, ErrorCode expected) =>
        Assert.Equal(expected, RecoveryRules.MayMigrate(Machine, Rows.SiteA, power, autoShutoff, Up)?.Code ?? ErrorCode.None);

    [Fact]
    public void MayMigrate_WrongStates_AreRefused()
    {
        Assert.Equal(ErrorCode.NotOwner, RecoveryRules.MayMigrate(Machine, Rows.SiteB, PowerState.Off, true, Up)!.Code);
        Assert.Equal(ErrorCode.PeerUnreachable, RecoveryRules.MayMigrate(Machine, Rows.SiteA, PowerState.Off, true, Down)!.Code);
        Assert.Equal(ErrorCode.WrongProcedure, RecoveryRules.MayMigrate(Machine with { Takeover = Migrated }, Rows.SiteA, PowerState.Off, true, Up)!.Code);
        var disagrees = Up with { Ownership = new(2, Rows.SiteB, Rows.Now) };
        Assert.Equal(ErrorCode.Conflict, RecoveryRules.MayMigrate(Machine, Rows.SiteA, PowerState.Off, true, disagrees)!.Code);
        var yielded = Machine with { Ownership = OwnershipRules.Yield(Machine.Ownership, Rows.SiteB) };
        Assert.Equal(ErrorCode.NotOwner, RecoveryRules.MayMigrate(yielded, Rows.SiteA, PowerState.Off, true, Up)!.Code);
    }

    [Fact]
    public void MayUndo_KindOfTakeover_Decides()
    {
        Assert.Null(RecoveryRules.MayUndo(Machine with { Takeover = Migrated }, Rows.SiteA, Up));
        Assert.Equal(ErrorCode.WrongProcedure, RecoveryRules.MayUndo(Machine, Rows.SiteA, Up)!.Code);
        Assert.Equal(ErrorCode.PeerUnreachable, RecoveryRules.MayUndo(Machine with { Takeover = Migrated }, Rows.SiteA, Down)!.Code);
        Assert.Equal(ErrorCode.NotOwner, RecoveryRules.MayUndo(Machine with { Takeover = Migrated }, Rows.SiteB, Up)!.Code);
        var refusal = RecoveryRules.MayUndo(Machine with { Takeover = Migrated with { Kind = TakeoverKind.Failover } }, Rows.SiteA, Up)!;
        Assert.Equal(ErrorCode.WrongProcedure, refusal.Code);
        Assert.Contains("migrate it back", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MayConfirm_Twice_Succeeds()
    {
        Assert.Null(RecoveryRules.MayConfirm(Machine with { Takeover = Migrated }, Rows.SiteA, out var done));
        Assert.False(done);
        Assert.Null(RecoveryRules.MayConfirm(Machine, Rows.SiteA, out done));
        Assert.True(done);
        Assert.Equal(ErrorCode.NotOwner, RecoveryRules.MayConfirm(Machine with { Takeover = Migrated }, Rows.SiteB, out _)!.Code);
    }

    [Fact]
    public void MayResolve_OnlyOneOfTheTwo()
    {
        Assert.Null(RecoveryRules.MayResolve(Machine with { Conflict = Open }, Rows.SiteB));
        Assert.Equal(ErrorCode.InvalidArgument, RecoveryRules.MayResolve(Machine with { Conflict = Open }, Rows.Id(9, 9))!.Code);
        Assert.Equal(ErrorCode.Conflict, RecoveryRules.MayResolve(Machine, Rows.SiteB)!.Code);
    }

    [Fact]
    public void Refusal_AsException_KeepsCodeAndMessage()
    {
        var refusal = RecoveryRules.MayResolve(Machine, Rows.SiteB)!;
        var thrown = refusal.ToException();
        Assert.Equal((refusal.Code, refusal.Message), (thrown.Code, thrown.Message));
        Assert.Contains("vm1", thrown.Message, StringComparison.Ordinal);
    }
}
