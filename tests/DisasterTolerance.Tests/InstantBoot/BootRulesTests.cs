using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.InstantBoot;

namespace DisasterTolerance.Tests.InstantBoot;

public sealed class BootRulesTests
{
    private static readonly BootState Pulling = new(Guid.NewGuid(), Guid.NewGuid(), DateTimeOffset.UnixEpoch, BootStage.Pulling, 1000, 250);

    [Fact]
    public void MayUseDisks_MachineThatIsPulled_IsRefusedInPassingWithItsProgress()
    {
        Assert.Null(BootRules.MayUseDisks(Rows.Machine(), "migrated"));
        var refusal = BootRules.MayUseDisks(Rows.Machine() with { Boot = Pulling with { Error = "no space" } }, "migrated")!;
        Assert.True(refusal is { Code: ErrorCode.WrongProcedure, IsTransient: true });
        Assert.Contains("cannot be migrated yet", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("250 of 1000 bytes", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("no space", refusal.Message, StringComparison.Ordinal);
        Assert.True(refusal.ToException().IsTransient);
    }

    [Theory]
    [InlineData(BootStage.Starting, null, false, true)]
    [InlineData(BootStage.Starting, PowerState.Off, false, true)]
    [InlineData(BootStage.Starting, PowerState.On, false, false)]
    [InlineData(BootStage.Starting, PowerState.Unknown, false, false)]
    [InlineData(BootStage.Pulling, PowerState.Off, false, false)]
    [InlineData(BootStage.Pulling, null, false, false)]
    [InlineData(BootStage.Pulling, PowerState.On, true, true)]
    [InlineData(BootStage.Leaving, PowerState.Off, false, false)]
    public void MayStartOver_OnlyWhatNeverRanOrByForce_IsAllowed(BootStage stage, PowerState? power, bool force, bool isAllowed) =>
        Assert.Equal(isAllowed, BootRules.MayStartOver(Rows.Machine() with { Boot = Pulling with { Stage = stage } }, power, force) is null);

    [Fact]
    public void MayStartOver_MachineWithDisksOfItsOwn_IsAllowed() => Assert.Null(BootRules.MayStartOver(Rows.Machine(), PowerState.On, force: false));

    [Fact]
    public void Left_AnyStage_OnlyWaitsForItsOverlaysToGo()
    {
        Assert.Null(BootRules.Left(null));
        Assert.Equal(Pulling with { Stage = BootStage.Leaving }, BootRules.Left(Pulling with { Error = "no space" }));
    }

    [Fact]
    public void Bounded_LongWordsOfAProvider_AreCut()
    {
        Assert.Equal("short", BootRules.Bounded("short"));
        Assert.Equal(1_000, BootRules.Bounded(new string('x', 100_000)).Length);
    }
}
