using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios;

public sealed class AuditTests
{
    [Fact]
    public async Task Audit_ADayOfWork_IsOneWholeChainThatTellsWhoDidWhat()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(() => world.East.Replication.RunAsync(new RunRequest(guest.Uuid, "operator anna")));
        var plan = (await world.RowAsync(world.East, guest)).Plan;
        await world.RunAsync(() => world.East.Plans.EditAsync(plan, new PlanEdit { ReserveCount = 9, Actor = "operator ben" }));
        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(() => world.East.Plans.EditAsync(plan, new PlanEdit { Rpo = TimeSpan.FromMinutes(1), Actor = "operator carl" })));
        await world.AdvanceAsync(TimeSpan.FromHours(3));
        await world.RunAsync(() => world.East.CrashAsync());
        await world.RunAsync(() => world.East.StartAsync());

        foreach (var site in world.Sites)
        {
            var entries = await world.RunAsync(() => site.State.ReadAuditAsync(0, 10_000));
            Assert.Null(AuditChain.FindBreak(entries, 0, AuditChain.Origin));
        }

        var here = await world.RunAsync(() => world.East.State.ReadAuditAsync(0, 10_000));
        Assert.Contains(here, entry => entry is { Actor: "operator anna", Action: "machine.run", Outcome: ErrorCode.None });
        Assert.Contains(here, entry => entry is { Actor: "operator ben", Action: "plan.edit", Outcome: ErrorCode.None });
        Assert.Contains(here, entry => entry is { Actor: "operator carl", Action: "plan.edit", Outcome: not ErrorCode.None });
    }
}
