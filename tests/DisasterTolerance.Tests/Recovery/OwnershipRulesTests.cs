using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

public sealed class OwnershipRulesTests
{
    private static readonly Guid A = Rows.SiteA;
    private static readonly Guid B = Rows.SiteB;
    private static readonly Ownership First = OwnershipRules.First(A, Rows.Now);

    [Fact]
    public void TakeOver_FromOwner_AddsOne() => Assert.Equal(new Ownership(2, B, Rows.Now), OwnershipRules.TakeOver(B, Rows.Now, First));

    [Fact]
    public void TakeOver_BackAfterYield_PassesOverTheNumberThatWasPromised() =>
        Assert.Equal(3, OwnershipRules.TakeOver(A, Rows.Now, OwnershipRules.Yield(First, B)).Number);

    [Fact]
    public void TakeOver_OfWhatWasYieldedToIt_TakesTheNumberThatWasPromised() =>
        Assert.Equal(2, OwnershipRules.TakeOver(B, Rows.Now, OwnershipRules.Yield(First, B)).Number);

    [Fact]
    public void TakeOver_PeerIsFurther_GoesBeyondIt() => Assert.Equal(5, OwnershipRules.TakeOver(A, Rows.Now, First, new Ownership(4, B, Rows.Now)).Number);

    [Fact]
    public void TakeOver_AnySequence_NeverGivesOneNumberToBothSites()
    {
        // The numbers of a site stay odd or even, whatever the sites know of each other.
        foreach (var known in new[] { First, OwnershipRules.Yield(First, B), new(2, B, Rows.Now), OwnershipRules.Yield(new(2, B, Rows.Now), A), new(3, A, Rows.Now) })
        {
            Assert.Equal(1, OwnershipRules.TakeOver(A, Rows.Now, known).Number % 2);
            Assert.Equal(0, OwnershipRules.TakeOver(B, Rows.Now, known).Number % 2);
        }
    }

    [Fact]
    public void Accept_Offer_TakesTheNextNumber()
    {
        var offer = OwnershipRules.Yield(First, B);
        Assert.Equal(new Ownership(2, B, Rows.Now), OwnershipRules.Accept(First, offer, B, Rows.Now));
        Assert.Equal(new Ownership(2, B, Rows.Now), OwnershipRules.Accept(offer, offer, B, Rows.Now));
    }

    [Fact]
    public void Accept_Twice_IsTheSame()
    {
        var offer = OwnershipRules.Yield(First, B);
        var accepted = OwnershipRules.Accept(First, offer, B, Rows.Now)!;
        Assert.Same(accepted, OwnershipRules.Accept(accepted, offer, B, Rows.Now.AddHours(1)));
    }

    [Fact]
    public void Accept_StaleForeignOrUnyielded_IsRefused()
    {
        var offer = OwnershipRules.Yield(First, B);
        Assert.Null(OwnershipRules.Accept(First, First, B, Rows.Now));
        Assert.Null(OwnershipRules.Accept(First, offer, A, Rows.Now));
        Assert.Null(OwnershipRules.Accept(new(3, A, Rows.Now), offer, B, Rows.Now));
        Assert.Null(OwnershipRules.Accept(new(4, B, Rows.Now), offer, B, Rows.Now));

        // B still owns an older epoch in its own view: it has to yield before it takes a newer one.
        Assert.Null(OwnershipRules.Accept(new(2, B, Rows.Now), OwnershipRules.Yield(new(3, A, Rows.Now), B) with { Number = 5 }, B, Rows.Now));
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 4)]
    public void Resolve_Winner_GetsANumberOfItsOwnAboveBoth(bool newerWins, long expected)
    {
        var newer = new Ownership(2, B, Rows.Now);
        var named = OwnershipRules.Resolve(First, new(First, newer, Rows.Now, "x"), newerWins ? B : A, Rows.Now);
        Assert.Equal(new Ownership(expected, newerWins ? B : A, Rows.Now, null, Named: true), named);
    }

    [Fact]
    public void MayRun_OwnerAlone_IsAllowed()
    {
        var machine = Rows.Machine();
        Assert.Null(OwnershipRules.MayRun(machine, A));
        Assert.Null(OwnershipRules.MayCapture(machine, A));
        Assert.Equal(ErrorCode.NotOwner, OwnershipRules.MayRun(machine, B)!.Code);
        Assert.Equal(ErrorCode.NotOwner, OwnershipRules.MayRun(machine with { Ownership = OwnershipRules.Yield(First, B) }, A)!.Code);
        Assert.Equal(ErrorCode.NotOwner, OwnershipRules.MayCapture(machine with { Pending = Pending(WorkKind.Yield) }, A)!.Code);
        Assert.Null(OwnershipRules.MayCapture(machine with { Pending = Pending(WorkKind.MigrateOut) }, A));
        var conflict = machine with { Conflict = new(First, new(2, B, Rows.Now), Rows.Now, "it runs") };
        Assert.Equal(ErrorCode.OwnershipConflict, OwnershipRules.MayRun(conflict, A)!.Code);
        Assert.Equal(ErrorCode.OwnershipConflict, OwnershipRules.MayCapture(conflict, A)!.Code);
    }

    private static PendingWork Pending(WorkKind kind) => new(Rows.Id(1, 1), kind, "", null, "", false, Rows.Now, "");
}
