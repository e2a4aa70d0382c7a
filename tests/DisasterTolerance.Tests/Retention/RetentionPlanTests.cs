using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;

namespace DisasterTolerance.Tests.Retention;

public sealed class RetentionPlanTests
{
    private static readonly DateTimeOffset Now = Rows.Now.AddDays(30);
    private static readonly BranchFork Takeover = new(2, Rows.Point(5).Uuid, 5, 5);

    [Fact]
    public void Compute_ByCount_KeepsTheNewest()
    {
        var plan = RetentionPlan.Compute(Input(6, RetentionPolicy.Keep(2)));
        Assert.Equal([6L, 5L], Kept(plan));
        Assert.Equal([1L, 2L, 3L, 4L], plan.Remove.Select(verdict => verdict.Point.Sequence));
        Assert.All(plan.Keep.Concat(plan.Remove), verdict => Assert.NotEmpty(verdict.Because));
    }

    [Fact]
    public void Compute_ByAge_CountsFromTheNewestAndNotFromNow() =>
        Assert.Equal([6L, 5L, 4L], Kept(RetentionPlan.Compute(Input(6, RetentionPolicy.KeepFor(TimeSpan.FromHours(2))))));

    [Fact]
    public void Compute_NoPoints_DoesNothing()
    {
        var plan = RetentionPlan.Compute(Input(0, RetentionPolicy.Keep(1)));
        Assert.Empty(plan.Keep);
        Assert.Empty(plan.Remove);
    }

    [Fact]
    public void Compute_RemovedRows_ArePassedOver()
    {
        var input = Input(3, RetentionPolicy.Keep(1));
        var plan = RetentionPlan.Compute(input with { Points = [.. input.Points.Select(point => point with { Removed = Now })] });
        Assert.Empty(plan.Keep.Concat(plan.Remove));
    }

    [Fact]
    public void Compute_DamagedPoints_DoNotCount()
    {
        var input = With(Input(6, RetentionPolicy.Keep(2)), 5, point => point with { Damage = "x" });
        Assert.Equal([6L, 5L, 4L], Kept(RetentionPlan.Compute(input)));
        Assert.Equal([6L, 4L], Kept(RetentionPlan.Compute(With(input, 5, point => point with { Sequence = 5, Committed = Rows.Now }))));
    }

    [Fact]
    public void Compute_NewestIsDamaged_NewestUsableStays() =>
        Assert.Equal([6L, 5L], Kept(RetentionPlan.Compute(With(Input(6, RetentionPolicy.Keep(1)), 6, point => point with { Damage = "x" }))));

    [Fact]
    public void Compute_Protected_Stays()
    {
        var input = With(Input(9, RetentionPolicy.Keep(1)), 1, point => point with { Pinned = true });
        input = With(input, 2, point => point with { Kind = PointKind.Residual });
        input = With(input, 3, point => point with { GraceUntil = Now.AddTicks(1) });
        input = With(input, 4, point => point with { GraceUntil = Now });
        input = input with { NewestCommon = Rows.Point(5).Uuid, InUse = new HashSet<Guid> { Rows.Point(6).Uuid } };
        Assert.Equal([9L, 6L, 5L, 3L, 2L, 1L], Kept(RetentionPlan.Compute(input)));
    }

    [Fact]
    public void Compute_OpenConflict_KeepsAll() => Assert.Empty(RetentionPlan.Compute(Input(9, RetentionPolicy.Keep(1)) with { ConflictOpen = true }).Remove);

    [Fact]
    public void Compute_Floor_IsNotUndercut()
    {
        var input = Input(9, RetentionPolicy.Keep(1)) with { Floor = new() { FloorPoints = 4 } };
        Assert.Equal([9L, 8L, 7L, 6L], Kept(RetentionPlan.Compute(input)));
        var young = Input(9, RetentionPolicy.Keep(1)) with { Floor = new() { FloorAge = TimeSpan.FromHours(3) }, Now = Rows.Now.AddHours(9) };
        Assert.Equal([9L, 8L, 7L, 6L], Kept(RetentionPlan.Compute(young)));
    }

    [Fact]
    public void Compute_OldBranch_FadesAsTheNewOneGrows()
    {
        PointRow[] old = [Rows.Point(5), Rows.Point(6), Rows.Point(7)];
        RetentionPlan With(int newPoints) => RetentionPlan.Compute(Input(0, RetentionPolicy.Keep(2)) with
        {
            Points = [.. old, .. Enumerable.Range(8, newPoints).Select(sequence => Rows.Point(sequence, 2))],
            Forks = [Takeover],
        });
        Assert.Empty(With(0).Remove);
        Assert.Empty(With(1).Remove);
        Assert.Equal([5L, 6L, 7L], With(2).Remove.Select(verdict => verdict.Point.Sequence));
    }

    [Theory]
    [InlineData(300, false)]
    [InlineData(-300, false)]
    [InlineData(301, true)]
    [InlineData(-301, true)]
    public void Compute_Skew_Pauses(int seconds, bool paused)
    {
        var plan = RetentionPlan.Compute(Input(6, RetentionPolicy.Keep(2)) with { Skew = TimeSpan.FromSeconds(seconds) });
        Assert.Equal(paused, plan.Paused is not null);
        Assert.Equal(paused ? 6 : 2, plan.Keep.Count);
    }

    [Fact]
    public void Compute_NewestFromTheFuture_Pauses()
    {
        var input = With(Input(6, RetentionPolicy.KeepFor(TimeSpan.FromHours(3))), 6, point => point with { Committed = Now.AddYears(1) });
        Assert.Contains("still to come", RetentionPlan.Compute(input).Paused, StringComparison.Ordinal);
    }

    [Fact]
    public void Compute_MachineRemoved_GoesWhenTheGraceIsOver()
    {
        var input = Input(3, null);
        Assert.Equal(3, RetentionPlan.Compute(input).Keep.Count);
        var graced = input with { Points = GraceRules.OnRemoval(input.Points, Now, TimeSpan.FromDays(7)), Floor = new() { FloorPoints = 9, FloorAge = TimeSpan.FromDays(900) } };
        Assert.Equal(3, RetentionPlan.Compute(graced).Keep.Count);
        var over = With(graced with { Now = Now.AddDays(7) }, 2, point => point with { Pinned = true });
        Assert.Equal([2L], Kept(RetentionPlan.Compute(over)));
    }

    [Fact]
    public void Compute_MachineAddedAgain_AdoptsItsPoints()
    {
        var input = Input(3, RetentionPolicy.Keep(2));
        var graced = input with { Points = GraceRules.OnRemoval(input.Points, Now, TimeSpan.FromDays(7)) };
        Assert.Equal(3, RetentionPlan.Compute(graced).Keep.Count);
        Assert.Equal([3L, 2L], Kept(RetentionPlan.Compute(graced with { Now = Now.AddDays(8) })));
    }

    private static RetentionInput Input(int points, RetentionPolicy? policy) => new()
    {
        Points = [.. Enumerable.Range(1, points).Select(sequence => Rows.Point(sequence))],
        Forks = [],
        Policy = policy,
        Floor = new(),
        Now = Now,
    };

    private static RetentionInput With(RetentionInput input, long sequence, Func<PointRow, PointRow> change) =>
        input with { Points = [.. input.Points.Select(point => point.Sequence == sequence ? change(point) : point)] };

    private static IEnumerable<long> Kept(RetentionPlan plan) => plan.Keep.Select(verdict => verdict.Point.Sequence);
}
