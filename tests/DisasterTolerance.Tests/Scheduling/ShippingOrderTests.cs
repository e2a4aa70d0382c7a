using DisasterTolerance.Catalog;
using DisasterTolerance.Scheduling;

namespace DisasterTolerance.Tests.Scheduling;

public sealed class ShippingOrderTests
{
    private static readonly PointRow[] Own = [.. Enumerable.Range(1, 6).Select(sequence => Rows.Point(sequence))];

    [Fact]
    public void Of_Backlog_NewestFirstThenWhatRetentionKeeps() => Assert.Equal([6L, 5L, 4L], Sequences([], RetentionPolicy.Keep(3)));

    [Fact]
    public void Of_PeerHoldsSome_TheyCountForRetention() => Assert.Equal([6L, 4L], Sequences([5], RetentionPolicy.Keep(3)));

    [Fact]
    public void Of_ByAge_OlderThanThatAreLeft() => Assert.Equal([6L, 5L], Sequences([1], RetentionPolicy.KeepFor(TimeSpan.FromHours(1))));

    [Fact]
    public void Of_NothingLacking_IsEmpty() => Assert.Empty(Sequences([1, 2, 3, 4, 5, 6], RetentionPolicy.Keep(3)));

    [Fact]
    public void Of_OldPointDamagedThereAlone_IsShippedAgain() => Assert.Equal(
        [2L], ShippingOrder.Of(Own[..2], [Rows.Point(1), Rows.Point(2) with { Damage = "x" }], [], RetentionPolicy.Keep(3)).Select(point => point.Sequence));

    [Fact]
    public void Of_OldPointThatRetentionWouldDrop_IsNotShipped() => Assert.Empty(Sequences([3, 4, 5, 6], RetentionPolicy.Keep(3)));

    private static IEnumerable<long> Sequences(int[] held, RetentionPolicy policy) =>
        ShippingOrder.Of(Own, [.. held.Select(sequence => Rows.Point(sequence, site: Rows.SiteB))], [], policy).Select(point => point.Sequence);
}
