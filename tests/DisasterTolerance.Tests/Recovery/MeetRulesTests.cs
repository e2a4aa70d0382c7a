using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;

namespace DisasterTolerance.Tests.Recovery;

public sealed class MeetRulesTests
{
    private static readonly Guid A = Rows.SiteA;
    private static readonly Guid B = Rows.SiteB;
    private static readonly Ownership First = new(1, A, Rows.Now);
    private static readonly Ownership TakenByB = new(2, B, Rows.Now.AddHours(10));
    private static readonly ClockSkew Exact = new(TimeSpan.Zero, TimeSpan.Zero);
    private static readonly LocalFacts Off = new(PowerState.Off, null, Exact, false);

    [Fact]
    public void Meet_SameView_Agreed() => Assert.IsType<MeetDecision.Agreed>(Meet(First, First, Off));

    [Fact]
    public void Meet_ReplicaHearsNewerEpoch_Adopts() =>
        Assert.Equal(new MeetDecision.Adopt(new(3, B, Rows.Now)), Meet(new(2, B, Rows.Now), new(3, B, Rows.Now), Off));

    [Fact]
    public void Meet_PeerIsBehind_WaitsForIt() => Assert.IsType<MeetDecision.Ahead>(Decide(B, TakenByB, First, Off));

    [Fact]
    public void Meet_LostOwnerComesBackOff_YieldsWithResidual() => Assert.Equal(new MeetDecision.Yield(TakenByB, Stop: false), Meet(First, TakenByB, Off));

    [Fact]
    public void Meet_LostOwnerHasUnshippedPointFromBefore_Yields() =>
        Assert.IsType<MeetDecision.Yield>(Meet(First, TakenByB, Off with { NewestUnshippedBegan = TakenByB.Began.AddSeconds(-1) }));

    [Fact]
    public void Meet_OwnerStillRuns_Conflict()
    {
        var declared = Assert.IsType<MeetDecision.Declare>(Meet(First, TakenByB, Off with { Power = PowerState.On }));
        Assert.Equal((First, TakenByB), (declared.Conflict.Own, declared.Conflict.Other));
    }

    [Fact]
    public void Meet_OwnerStillRunsAndMayBeFenced_IsStopped() =>
        Assert.Equal(new MeetDecision.Yield(TakenByB, Stop: true), Meet(First, TakenByB, Off with { Power = PowerState.On, FenceOnYield = true }));

    [Fact]
    public void Meet_FencedButCapturedAfter_Conflict() => Assert.IsType<MeetDecision.Declare>(
        Meet(First, TakenByB, new(PowerState.On, TakenByB.Began.AddHours(1), Exact, true)));

    [Fact]
    public void Meet_PowerUnknown_Waits() => Assert.IsType<MeetDecision.Wait>(Meet(First, TakenByB, Off with { Power = PowerState.Unknown }));

    [Theory]
    [InlineData(-1, 0, 0, false)]
    [InlineData(0, 0, 0, true)]
    [InlineData(1, 0, 0, true)]
    [InlineData(-30, 60, 0, true)]
    [InlineData(-30, -60, 0, false)]
    [InlineData(30, -60, 0, false)]
    [InlineData(-5, 0, 10, true)]
    [InlineData(-15, 0, 10, false)]
    public void Meet_CapturedAroundTheTakeover_IsComparedOnOneClock(int capturedAfterSeconds, int peerAheadSeconds, int uncertainSeconds, bool conflict)
    {
        var skew = new ClockSkew(TimeSpan.FromSeconds(peerAheadSeconds), TimeSpan.FromSeconds(uncertainSeconds));
        var decision = Meet(First, TakenByB, new(PowerState.Off, TakenByB.Began.AddSeconds(capturedAfterSeconds), skew, false));
        Assert.Equal(conflict, decision is MeetDecision.Declare);
    }

    [Fact]
    public void Meet_CapturedAndSkewUnknown_Conflict() =>
        Assert.IsType<MeetDecision.Declare>(Meet(First, TakenByB, new(PowerState.Off, TakenByB.Began.AddDays(-1), null, false)));

    [Fact]
    public void Meet_NothingUnshippedAndSkewUnknown_Yields() => Assert.IsType<MeetDecision.Yield>(Meet(First, TakenByB, Off with { Skew = null }));

    [Fact]
    public void Meet_YieldThatPeerAccepted_AdoptsWithoutResidual() =>
        Assert.Equal(new MeetDecision.Adopt(TakenByB), Meet(OwnershipRules.Yield(First, B), TakenByB, Off));

    [Fact]
    public void Meet_YieldedButRunningAgain_Conflict() =>
        Assert.IsType<MeetDecision.Declare>(Meet(OwnershipRules.Yield(First, B), TakenByB, Off with { Power = PowerState.On }));

    [Fact]
    public void Meet_YieldThatPeerNeverSaw_IsOffered()
    {
        var yielded = OwnershipRules.Yield(First, B);
        Assert.IsType<MeetDecision.AwaitAcceptance>(Meet(yielded, First, Off));
        Assert.IsType<MeetDecision.AwaitAcceptance>(Meet(yielded, yielded, Off));
        Assert.Equal(new MeetDecision.Offered(yielded), Decide(B, First, yielded, Off));
        Assert.Equal(new MeetDecision.Offered(yielded), Decide(B, yielded, yielded, Off));
        Assert.IsType<MeetDecision.Ahead>(Decide(B, yielded, First, Off));
    }

    [Fact]
    public void Meet_YieldTakenBackMeanwhile_DestinationYields()
    {
        var takenBack = OwnershipRules.TakeOver(A, Rows.Now.AddHours(11), OwnershipRules.Yield(First, B));
        Assert.Equal(new MeetDecision.Yield(takenBack, Stop: false), Decide(B, TakenByB, takenBack, Off));
        Assert.IsType<MeetDecision.Ahead>(Meet(takenBack, TakenByB, Off));
    }

    [Fact]
    public void Meet_EqualNumbersOfDifferentOwners_ConflictAtBoth()
    {
        Assert.IsType<MeetDecision.Declare>(Meet(new(3, A, Rows.Now), new(3, B, Rows.Now), Off));
        Assert.IsType<MeetDecision.Declare>(Decide(B, new(3, B, Rows.Now), new(3, A, Rows.Now), Off));
    }

    [Fact]
    public void Meet_PeerDeclaredConflictWithThisView_FollowsOnce()
    {
        var conflict = new OwnershipConflict(First, TakenByB, Rows.Now, "it runs");
        var decision = MeetRules.Meet(new(B, TakenByB, null), new(A, First, conflict), Off, Rows.Now);
        Assert.Equal(new MeetDecision.Declare(new(TakenByB, First, Rows.Now, "it runs")), decision);

        // The same message again after the choice changes nothing.
        var named = new Ownership(4, B, Rows.Now, null, Named: true);
        Assert.IsType<MeetDecision.Ahead>(MeetRules.Meet(new(B, named, null), new(A, First, conflict), Off, Rows.Now));
    }

    [Fact]
    public void Meet_InConflict_OnlyANamedChoiceEndsIt()
    {
        var conflict = new OwnershipConflict(First, TakenByB, Rows.Now, "it runs");
        var running = Off with { Power = PowerState.On };
        MeetDecision Hear(Ownership theirs) => MeetRules.Meet(new(A, First, conflict), new(B, theirs, null), running, Rows.Now);
        Assert.IsType<MeetDecision.InConflict>(Hear(TakenByB));
        Assert.Equal(new Ownership(4, B, Rows.Now), Assert.IsType<MeetDecision.Declare>(Hear(new(4, B, Rows.Now))).Conflict.Other);
        Assert.Equal(new MeetDecision.Yield(new(4, B, Rows.Now, null, true), Stop: true), Hear(new(4, B, Rows.Now, null, true)));
        Assert.Equal(new MeetDecision.Adopt(new(3, A, Rows.Now, null, true)), Hear(new(3, A, Rows.Now, null, true)));
    }

    [Fact]
    public void Meet_TwoDifferentChoices_RunningOneIsNotStopped() => Assert.IsType<MeetDecision.Declare>(
        Meet(new(3, A, Rows.Now, null, true), new(4, B, Rows.Now, null, true), Off with { Power = PowerState.On }));

    [Fact]
    public void NeedsFacts_OnlyWhereThisSiteMayHaveToYield()
    {
        Assert.True(MeetRules.NeedsFacts(new(A, First, null), new(B, TakenByB, null)));
        Assert.False(MeetRules.NeedsFacts(new(B, TakenByB, null), new(A, First, null)));
        Assert.False(MeetRules.NeedsFacts(new(A, TakenByB, null), new(B, new(4, B, Rows.Now), null)));
    }

    private static MeetDecision Meet(Ownership own, Ownership peer, LocalFacts facts) => Decide(A, own, peer, facts);

    private static MeetDecision Decide(Guid site, Ownership own, Ownership peer, LocalFacts facts) =>
        MeetRules.Meet(new(site, own, null), new(site == A ? B : A, peer, null), facts, Rows.Now);
}
