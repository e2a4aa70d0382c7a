using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Plans;

public sealed class RpoRulesTests
{
    private static readonly PlanRow Plan = Rows.Plan();

    [Theory]
    [InlineData(0, 120, true, RpoState.Met)]
    [InlineData(0, 121, true, RpoState.Missed)]
    [InlineData(500, 121, true, RpoState.Met)]
    [InlineData(0, 121, false, RpoState.Unknown)]
    [InlineData(0, 120, false, RpoState.Met)]
    public void Evaluate_PointOfSomeAge_CountsFromItsBegin(int beganMinutes, int nowMinutes, bool known, RpoState expected) => Assert.Equal(
        expected, RpoRules.Evaluate(Plan.Rpo, Rows.Now.AddDays(-9), known, Rows.Now.AddMinutes(beganMinutes), Rows.Now.AddMinutes(nowMinutes)));

    [Theory]
    [InlineData(120, true, RpoState.Met)]
    [InlineData(121, true, RpoState.Missed)]
    [InlineData(121, false, RpoState.Unknown)]
    [InlineData(1, false, RpoState.Met)]
    public void Evaluate_NoPoint_CountsFromThePlan(int nowMinutes, bool known, RpoState expected)
    {
        var other = known ? HoldingFacts.None with { Learnt = Rows.Now } : HoldingFacts.None;
        Assert.Equal(expected, RpoRules.Evaluate(Plan, Rows.Machine(), other, Rows.Now.AddMinutes(nowMinutes)));
    }

    [Fact]
    public void Evaluate_MachineJoinedAnOldPlan_CountsFromItsJoining()
    {
        var machine = Rows.Machine() with { Created = Rows.Now.AddDays(3) };
        var other = HoldingFacts.None with { Learnt = Rows.Now };
        Assert.Equal(RpoState.Met, RpoRules.Evaluate(Plan, machine, other, Rows.Now.AddDays(3)));
        Assert.Equal(Rows.Now.AddDays(3).AddHours(2), RpoRules.MissedAfter(Plan, machine, other));
    }

    [Fact]
    public void MissedAfter_Point_IsItsBeginAndTheRpo() =>
        Assert.Equal(Rows.Now.AddHours(7), RpoRules.MissedAfter(Plan, Rows.Machine(), HoldingFacts.None with { LastPointBegan = Rows.Now.AddHours(5) }));
}
