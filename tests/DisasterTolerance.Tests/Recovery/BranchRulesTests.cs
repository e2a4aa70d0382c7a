using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

public sealed class BranchRulesTests
{
    // Epoch 1 had 1…7, epoch 2 took over from 5.
    private static readonly BranchFork Takeover = new(2, Rows.Point(5).Uuid, 5, 5);

    // Within epoch 1 the machine was restored from 7 to 3: 4…7 are left behind, 8 goes on from 3.
    private static readonly BranchFork Restore = new(1, Rows.Point(3).Uuid, 3, 7);

    [Theory]
    [InlineData(1, 5, true)]
    [InlineData(1, 6, false)]
    [InlineData(2, 6, true)]
    [InlineData(3, 7, true)]
    public void IsOnBranch_Takeover_LeavesOlderEpochsAfterTheBase(long epoch, long sequence, bool expected) =>
        Assert.Equal(expected, BranchRules.IsOnBranch(Rows.Point(sequence, epoch), [Takeover]));

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    [InlineData(7, false)]
    [InlineData(8, true)]
    public void IsOnBranch_RestoreInPlace_LeavesWhatLiesBetween(long sequence, bool expected) =>
        Assert.Equal(expected, BranchRules.IsOnBranch(Rows.Point(sequence), [Restore]));

    [Fact]
    public void Resolution_OldOwnerWon_LeavesOnlyWhatTheOtherSiteCapturedSinceTheSplit()
    {
        // Both sites went on from 5: site A in epoch 1, site B in epoch 2. Site A was named.
        BranchFork[] forks = [BranchRules.Resolution(3, Rows.Point(5), 8, Rows.SiteB)];

        Assert.True(BranchRules.IsOnBranch(Rows.Point(5), forks));
        Assert.True(BranchRules.IsOnBranch(Rows.Point(7), forks));
        Assert.False(BranchRules.IsOnBranch(Rows.Point(6, 2) with { Origin = Rows.SiteB }, forks));
        Assert.True(BranchRules.IsOnBranch(Rows.Point(4) with { Origin = Rows.SiteB }, forks));
        Assert.True(BranchRules.IsOnBranch(Rows.Point(9, 3) with { Origin = Rows.SiteB }, forks));
    }

    [Fact]
    public void IsOnBranch_Undo_LeavesTheUndoneEpochOnly()
    {
        // Migrated at 5, two points in epoch 2, undone: epoch 3 goes on from 5.
        BranchFork[] forks = [Takeover, BranchRules.Fork(3, Rows.Point(5), 7, [Takeover])];
        Assert.False(BranchRules.IsOnBranch(Rows.Point(6, 2), forks));
        Assert.False(BranchRules.IsOnBranch(Rows.Point(7, 2), forks));
        Assert.True(BranchRules.IsOnBranch(Rows.Point(5), forks));
        Assert.True(BranchRules.IsOnBranch(Rows.Point(8, 3), forks));
    }

    [Fact]
    public void Fork_WithoutBase_LeavesEverything()
    {
        var fork = BranchRules.Fork(2, null, 9, []);
        Assert.Equal(new BranchFork(2, null, 0, 9), fork);
        Assert.False(BranchRules.IsOnBranch(Rows.Point(1), [fork]));
        Assert.False(BranchRules.IsOnBranch(Rows.Point(9, 2), [fork]));
        Assert.True(BranchRules.IsOnBranch(Rows.Point(10, 2), [fork]));
    }

    [Fact]
    public void NewestUsable_DamagedRemovedAndForeign_ArePassedOver()
    {
        PointRow[] points =
        [
            Rows.Point(1), Rows.Point(2), Rows.Point(3) with { Damage = "record lost" }, Rows.Point(4) with { Removed = Rows.Now },
            Rows.Point(6) with { Kind = PointKind.Residual },
        ];
        Assert.Equal(2, BranchRules.NewestUsable(points, [Takeover])!.Sequence);
        Assert.Null(BranchRules.NewestUsable([], []));
    }

    [Fact]
    public void NewestCommon_BothUsable_IsFound()
    {
        PointRow[] own = [Rows.Point(1), Rows.Point(2), Rows.Point(3) with { Damage = "x" }, Rows.Point(4), Rows.Point(5)];
        PointRow[] peer = [Peer(1), Peer(2), Peer(3), Peer(4) with { Damage = "x" }, Peer(5) with { Removed = Rows.Now }];
        var common = BranchRules.NewestCommon(own, peer, []);
        Assert.Equal(2, common!.Sequence);
        Assert.Equal(Rows.SiteA, common.Site);
        Assert.Null(BranchRules.NewestCommon(own, [], []));
    }

    [Fact]
    public void Unshipped_LackedOrDamagedThere_NewestFirst()
    {
        PointRow[] own = [.. Enumerable.Range(1, 6).Select(sequence => Rows.Point(sequence))];
        PointRow[] peer = [Peer(1), Peer(2) with { Damage = "x" }, Peer(3) with { Removed = Rows.Now }];
        Assert.Equal([5L, 4L, 2L], BranchRules.Unshipped(own, peer, [Takeover]).Select(point => point.Sequence));
    }

    [Fact]
    public void ShipBase_Several_PrefersParentThenNearestBefore()
    {
        PointRow[] own = [.. Enumerable.Range(1, 8).Select(sequence => Rows.Point(sequence))];
        PointRow[] peer = [Peer(1), Peer(3), Peer(7)];
        Assert.Equal(3, BranchRules.ShipBase(own[4], own, peer, [])!.Sequence);
        Assert.Equal(1, BranchRules.ShipBase(own[4] with { Parent = own[0].Uuid }, own, peer, [])!.Sequence);
        Assert.Equal(7, BranchRules.ShipBase(own[4], own, [Peer(7)], [])!.Sequence);
        Assert.Null(BranchRules.ShipBase(own[4], own, [Peer(5)], []));
    }

    [Fact]
    public void ShipBase_NearestIsOffTheBranch_PrefersTheBranch()
    {
        PointRow[] own = [Rows.Point(4), Rows.Point(5), Rows.Point(6), Rows.Point(7, 2)];
        Assert.Equal(4, BranchRules.ShipBase(own[3], own, [Peer(4), Peer(6)], [Takeover])!.Sequence);
        Assert.Equal(6, BranchRules.ShipBase(own[3], own, [Peer(6)], [Takeover])!.Sequence);
    }

    [Fact]
    public void Fork_BaseIsOffTheBranch_GoesOnFromWhereItLeft()
    {
        // The residual point 6 of epoch 1 is restored in epoch 2, which has 6 and 7 of its own.
        var fork = BranchRules.Fork(2, Rows.Point(6), 7, [Takeover]);
        Assert.Equal(new BranchFork(2, Rows.Point(6).Uuid, 5, 7), fork);
        Assert.False(BranchRules.IsOnBranch(Rows.Point(6, 2), [Takeover, fork]));
        Assert.False(BranchRules.IsOnBranch(Rows.Point(6), [Takeover, fork]));
        Assert.True(BranchRules.IsOnBranch(Rows.Point(8, 2), [Takeover, fork]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void IsOnBranch_RandomHistories_AgreesWithTheParents(bool anyBase)
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var (points, forks, head) = History(random, anyBase);
            var line = new HashSet<Guid>();
            for (var at = head; at is not null; at = points.Find(point => point.Uuid == at.Parent))
            {
                line.Add(at.Uuid);
            }

            var branch = points.Where(point => BranchRules.IsOnBranch(point, forks)).Select(point => point.Uuid).ToHashSet();
            Assert.True(branch.Contains(head.Uuid), $"seed {seed}, round {round}: the newest point is off the branch");
            Assert.True(anyBase ? branch.IsSubsetOf(line) : branch.SetEquals(line), $"seed {seed}, round {round}");
        }
    }

    private static (List<PointRow> Points, List<BranchFork> Forks, PointRow Head) History(Random random, bool anyBase)
    {
        var points = new List<PointRow>();
        var forks = new List<BranchFork>();
        PointRow? head = null;
        long epoch = 1;
        for (var step = 0; step < 40; step++)
        {
            if (head is not null && random.Next(5) == 0)
            {
                var candidates = anyBase ? points : [.. BranchRules.UsableOnBranch(points, forks)];
                head = candidates[random.Next(candidates.Count)];
                epoch += random.Next(2);
                forks.Add(BranchRules.Fork(epoch, head, step, forks));
            }

            head = Rows.Point(step + 1, epoch) with { Parent = head?.Uuid };
            points.Add(head);
        }

        return (points, forks, head!);
    }

    private static PointRow Peer(long sequence) => Rows.Point(sequence, site: Rows.SiteB);
}
