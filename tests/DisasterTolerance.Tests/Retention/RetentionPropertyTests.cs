using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Retention;

namespace DisasterTolerance.Tests.Retention;

/// <summary>What holds for any points and any policy. The seed of a failure is printed.</summary>
public sealed class RetentionPropertyTests
{
    [Fact]
    public void Compute_AnyInput_NeverRemovesWhatIsProtected() => ForMany((input, _) =>
    {
        var removed = Removed(input);
        var branch = BranchRules.UsableOnBranch(input.Points, input.Forks);
        Assert.DoesNotContain(branch.Take(input.Floor.FloorPoints), point => input.Policy is not null && removed.Contains(point.Uuid));
        Assert.DoesNotContain(input.Points, point => removed.Contains(point.Uuid)
            && (point.Pinned || point.Kind == PointKind.Residual || input.InUse.Contains(point.Uuid) || point.GraceUntil > input.Now || point.Removed is not null));
        Assert.False(input.Policy is not null && input.NewestCommon is { } common && removed.Contains(common));
        Assert.False(input.ConflictOpen && removed.Count > 0);
        Assert.False(input.Skew is { } skew && skew.Duration() > input.Floor.LargestSkew && removed.Count > 0);
    });

    [Fact]
    public void Compute_AnyInput_NamesEveryPointOnce() => ForMany((input, _) =>
    {
        var plan = RetentionPlan.Compute(input);
        Assert.Equal(
            input.Points.Where(point => point.Removed is null).Select(point => point.Uuid).Order(), plan.Keep.Concat(plan.Remove).Select(verdict => verdict.Point.Uuid).Order());
    });

    [Fact]
    public void Compute_CarriedOut_LeavesNothingToDo() => ForMany((input, _) =>
    {
        var removed = Removed(input);
        var after = input with { Points = [.. input.Points.Where(point => !removed.Contains(point.Uuid))] };
        Assert.Empty(Removed(after));
    });

    [Fact]
    public void Compute_LongerPolicy_RemovesNoMore() => ForMany((input, random) =>
    {
        if (input.Policy is { } policy)
        {
            var longer = policy.Count is { } count ? RetentionPolicy.Keep(count + random.Next(4)) : RetentionPolicy.KeepFor(policy.Duration!.Value + TimeSpan.FromHours(random.Next(4)));
            Assert.Subset(Removed(input), Removed(input with { Policy = longer }));
        }
    });

    [Fact]
    public void Compute_LargerFloor_RemovesNoMore() => ForMany((input, random) =>
    {
        var floor = new RetentionOptions { FloorPoints = input.Floor.FloorPoints + random.Next(3), FloorAge = input.Floor.FloorAge + TimeSpan.FromHours(random.Next(3)) };
        Assert.Subset(Removed(input), Removed(input with { Floor = floor }));
    });

    [Fact]
    public void Compute_Later_RemovesNoLess() => ForMany((input, random) =>
        Assert.Subset(Removed(input with { Now = input.Now.AddHours(random.Next(50)) }), Removed(input)));

    [Fact]
    public void OnEdit_AnyShortening_DropsNothingBeforeTheGraceIsOver() => ForMany((input, random) =>
    {
        if (input.Policy is not { } before)
        {
            return;
        }

        var after = random.Next(2) == 0 ? RetentionPolicy.Keep(1) : RetentionPolicy.KeepFor(TimeSpan.FromMinutes(1));
        var graced = GraceRules.OnEdit(input.Points, input.Forks, before, after, input.Now, TimeSpan.FromDays(7)).ToDictionary(point => point.Uuid);
        var edited = input with { Policy = after, Points = [.. input.Points.Select(point => graced.GetValueOrDefault(point.Uuid, point))] };
        var soon = input.Now.AddDays(7).AddTicks(-1);
        Assert.Subset(Removed(input with { Now = soon }), Removed(edited with { Now = soon }));

        // An edit twice, or an edit back, shortens no grace period.
        var again = GraceRules.OnEdit(edited.Points, edited.Forks, before, after, input.Now, TimeSpan.FromDays(3));
        Assert.Empty(again);
    });

    private static HashSet<Guid> Removed(RetentionInput input) => [.. RetentionPlan.Compute(input).Remove.Select(verdict => verdict.Point.Uuid)];

    private static void ForMany(Action<RetentionInput, Random> check)
    {
        for (var round = 0; round < 500; round++)
        {
            var seed = Random.Shared.Next();
            var random = new Random(seed);
            var input = Some(random);
            try
            {
                check(input, random);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}", failure);
            }
        }
    }

    private static RetentionInput Some(Random random)
    {
        var points = new List<PointRow>();
        var forks = new List<BranchFork>();
        var epoch = 1L;
        var count = random.Next(30);
        for (var sequence = 1; sequence <= count; sequence++)
        {
            if (points.Count > 0 && random.Next(8) == 0)
            {
                epoch += random.Next(2);
                forks.Add(BranchRules.Fork(epoch, points[random.Next(points.Count)], sequence - 1, forks));
            }

            points.Add(Rows.Point(sequence, epoch) with
            {
                Pinned = random.Next(10) == 0,
                Kind = random.Next(10) == 0 ? PointKind.Residual : PointKind.Regular,
                Damage = random.Next(8) == 0 ? "x" : "",
                Removed = random.Next(10) == 0 ? Rows.Now : null,
                GraceUntil = random.Next(4) == 0 ? Rows.Now.AddHours(random.Next(60)) : null,
            });
        }

        PointRow? Any() => points.Count > 0 && random.Next(2) == 0 ? points[random.Next(points.Count)] : null;
        return new()
        {
            Points = [.. points.OrderBy(_ => random.Next())],
            Forks = forks,
            Policy = random.Next(3) switch
            {
                0 => RetentionPolicy.Keep(random.Next(1, 8)),
                1 => RetentionPolicy.KeepFor(TimeSpan.FromHours(random.Next(1, 20))),
                _ => null,
            },
            Floor = new() { FloorPoints = random.Next(1, 5), FloorAge = TimeSpan.FromHours(random.Next(5)) },
            Now = Rows.Now.AddHours(random.Next(25, 60)),
            Skew = random.Next(3) switch { 0 => null, 1 => TimeSpan.FromMinutes(random.Next(-5, 6)), _ => TimeSpan.FromMinutes(random.Next(-9, 10)) },
            NewestCommon = Any()?.Uuid,
            InUse = Any() is { } used ? new HashSet<Guid> { used.Uuid } : [],
            ConflictOpen = random.Next(10) == 0,
        };
    }
}
