using DisasterTolerance.Qemu.Snapshots;

namespace DisasterTolerance.Qemu.Tests.Snapshots;

public sealed class PaceRulesTests
{
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(100);
    private static readonly PaceTargets BySlowdown = new(TimeSpan.Zero, 0.2);
    private static readonly PaceTargets ByLatency = new(TimeSpan.FromMilliseconds(4), 0);

    [Theory]
    [InlineData(1_000, 500, 0.2)]
    [InlineData(1_000, 100, 0.2)]
    [InlineData(50_000, 20_000, 0.1)]
    [InlineData(200, 100, 0.5)]
    public void Rest_GuestThatReadingSlowsDown_LosesTheTargetOverAll(double free, double slowed, double target)
    {
        var rest = PaceRules.Rest(Work, Writes(slowed), Writes(free), new(TimeSpan.Zero, target));

        var written = (slowed * Work.TotalSeconds) + (free * rest.TotalSeconds);
        var possible = free * (Work + rest).TotalSeconds;
        Assert.InRange(1 - (written / possible), 0, target + 1e-9);
        Assert.True(rest >= Work * 0.1, $"{rest}");
    }

    [Fact]
    public void Rest_NothingSeenYet_LooksWhatTheGuestCanDo() => Assert.Equal(Work * 0.5, PaceRules.Rest(Work, Writes(1_000), default, BySlowdown));

    [Fact]
    public void Rest_GuestThatWritesNothing_IsNone() => Assert.Equal(TimeSpan.Zero, PaceRules.Rest(Work, Writes(0), Writes(0), BySlowdown));

    [Fact]
    public void Rest_GuestThatIsNotSlowedDown_IsShort() => Assert.Equal(Work * 0.1, PaceRules.Rest(Work, Writes(1_000), Writes(990), BySlowdown));

    [Fact]
    public void Rest_GuestThatStandsStill_LeavesTheCaptureATenth() => Assert.Equal(Work * 9, PaceRules.Rest(Work, Writes(1), Writes(1_000_000), new(TimeSpan.Zero, 0.01)));

    [Theory]
    [InlineData(2, 0)]
    [InlineData(4, 0)]
    [InlineData(8, 1)]
    [InlineData(12, 2)]
    [InlineData(4_000, 9)]
    public void Rest_SlowWrites_GrowsWithThem(double milliseconds, double expected) =>
        Assert.Equal(Work * expected, PaceRules.Rest(Work, new(100, TimeSpan.FromMilliseconds(milliseconds * 100), Work), default, ByLatency));

    [Fact]
    public void Rest_NoTarget_IsNone() => Assert.Equal(TimeSpan.Zero, PaceRules.Rest(Work, Writes(1), Writes(1_000), new(TimeSpan.Zero, 0)));

    [Fact]
    public void With_ManyWindows_FollowsTheLastOnes()
    {
        var sum = Enumerable.Repeat(Writes(1_000), 20).Aggregate(default(GuestWrites), (all, seen) => all.With(seen));

        Assert.Equal(1_000, sum.PerSecond, 3);
        Assert.InRange(Enumerable.Repeat(Writes(100), 5).Aggregate(sum, (all, seen) => all.With(seen)).PerSecond, 100, 300);
    }

    private static GuestWrites Writes(double perSecond) => new(perSecond * Work.TotalSeconds, TimeSpan.Zero, Work);
}
