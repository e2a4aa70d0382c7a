using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios;

public sealed class ScheduleTests
{
    [Fact]
    public async Task Schedule_ThreeDays_RunsEveryHourAndShipsEachPoint()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 100 });
        for (var hour = 0; hour < 72; hour++)
        {
            guest.Write(world.East);
            await world.AdvanceAsync(TimeSpan.FromHours(1));
        }

        await world.AdvanceAsync(TimeSpan.FromMinutes(10));
        var here = await world.PointsAsync(world.East, guest);
        var there = await world.PointsAsync(world.West, guest);
        Assert.InRange(here.Count, 70, 72);
        Assert.Equal(here.Select(point => point.Uuid), there.Select(point => point.Uuid));
        await new Invariants(world).CheckAsync();
    }
}
