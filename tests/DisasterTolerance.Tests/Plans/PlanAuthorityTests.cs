using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Plans;

public sealed class PlanAuthorityTests
{
    private static readonly PlanRow Plan = Rows.Plan();

    [Fact]
    public void Decide_Same_Same() =>
        Assert.Equal(PlanPrecedence.Same, PlanAuthority.Decide(Plan with { RowVersion = 3 }, Plan with { RowVersion = 9 }, Rows.SiteA));

    [Theory]
    [InlineData(0, 2, 0, 1)]
    [InlineData(1, 1, 0, 9)]
    public void Decide_HigherRevision_WinsOnBothSites(long epoch, long revision, long lowerEpoch, long lowerRevision)
    {
        var (high, low) = (Plan with { RevisionEpoch = epoch, Revision = revision }, Plan with { RevisionEpoch = lowerEpoch, Revision = lowerRevision });
        foreach (var site in new[] { Rows.SiteA, Rows.SiteB })
        {
            Assert.Equal(PlanPrecedence.Own, PlanAuthority.Decide(high, low, site));
            Assert.Equal(PlanPrecedence.Peer, PlanAuthority.Decide(low, high, site));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Decide_EqualRevisionsOfDifferentContent_AuthorityWinsOnBothSites(long epoch)
    {
        var atA = Plan with { RevisionEpoch = epoch, Name = "a" };
        var atB = Plan with { RevisionEpoch = epoch, Name = "b" };
        Assert.Equal(epoch == 0 ? PlanPrecedence.Own : PlanPrecedence.Peer, PlanAuthority.Decide(atA, atB, Rows.SiteA));
        Assert.Equal(epoch == 0 ? PlanPrecedence.Peer : PlanPrecedence.Own, PlanAuthority.Decide(atB, atA, Rows.SiteB));
    }

    [Fact]
    public void MayChange_Slave_OnlyDisablesWhileTheMasterIsLost()
    {
        Assert.Null(PlanAuthority.MayChange(Plan, Rows.SiteA, PlanAction.Edit, false));
        Assert.Null(PlanAuthority.MayChange(Plan, Rows.SiteB, PlanAction.Disable, false));
        Assert.Equal(ErrorCode.PeerUnreachable, PlanAuthority.MayChange(Plan, Rows.SiteB, PlanAction.Edit, false)!.Code);
        Assert.Equal(ErrorCode.PeerUnreachable, PlanAuthority.MayChange(Plan, Rows.SiteB, PlanAction.Delete, false)!.Code);
        Assert.Equal(ErrorCode.Conflict, PlanAuthority.MayChange(Plan, Rows.SiteB, PlanAction.Disable, true)!.Code);
    }

    [Fact]
    public void TakeOver_PlanEditedOftenInOneSecond_IsModifiedAfterAllOfThat()
    {
        // Each edit takes a second of its own, so the time of the last one may lie ahead of the clock.
        var edited = Plan with { Modified = Rows.Now.AddSeconds(30) };
        Assert.Equal(Rows.Now.AddSeconds(31).ToUnixTimeSeconds(), PlanAuthority.TakeOver(edited, Rows.SiteB, Rows.Now).Modified.ToUnixTimeSeconds());
    }

    [Fact]
    public void TakeOver_Slave_HasTheSayAndBack()
    {
        var taken = PlanAuthority.TakeOver(Plan, Rows.SiteB, Rows.Now.AddDays(1));
        Assert.Equal((1, 2), (taken.RevisionEpoch, taken.Revision));
        Assert.Null(PlanAuthority.MayChange(taken, Rows.SiteB, PlanAction.Edit, true));
        Assert.Equal(ErrorCode.Conflict, PlanAuthority.MayChange(taken, Rows.SiteA, PlanAction.Edit, true)!.Code);
        Assert.Same(taken, PlanAuthority.TakeOver(taken, Rows.SiteB, Rows.Now));
        Assert.Same(Plan, PlanAuthority.TakeOver(Plan, Rows.SiteA, Rows.Now));
        Assert.Equal(Rows.SiteA, PlanAuthority.AuthorityOf(PlanAuthority.TakeOver(taken, Rows.SiteA, Rows.Now)));
    }

    [Fact]
    public void Newer_TwoPlans_LaterOneInEitherOrder()
    {
        var later = Plan with { Uuid = Rows.Id(1, 1), Created = Rows.Now.AddSeconds(1) };
        Assert.Same(later, PlanAuthority.Newer(Plan, later));
        Assert.Same(later, PlanAuthority.Newer(later, Plan));
        var twin = Plan with { Uuid = Rows.Id(1, 1) };
        Assert.Same(PlanAuthority.Newer(Plan, twin), PlanAuthority.Newer(twin, Plan));
    }
}
