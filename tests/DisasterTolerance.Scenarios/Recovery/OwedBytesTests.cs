using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>What a site says that it still has to ship.</summary>
public sealed class OwedBytesTests
{
    [Fact]
    public async Task Recover_InPlaceToAShippedPoint_NothingIsOwedAnyMore()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        var shipped = await world.RunAsync(world.East, guest);
        world.Cut();
        guest.Write(world.East);
        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(world.East, guest));
        Assert.True((await world.RowAsync(world.East, guest)).DeltaBytes > 0);

        await world.RecoverAsync(world.East, guest, shipped.PointName);

        Assert.Equal(0, (await world.RowAsync(world.East, guest)).DeltaBytes);
    }

    [Fact]
    public async Task Recover_InPlaceToAPointThatWasNotShipped_ThatPointIsStillOwed()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        world.Cut();
        guest.Write(world.East);
        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(world.East, guest));
        var owed = (await world.PointsAsync(world.East, guest))[0];
        await world.AdvanceAsync(TimeSpan.FromSeconds(5));
        guest.Write(world.East);
        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(world.East, guest));

        await world.RecoverAsync(world.East, guest, owed.Name);

        Assert.Equal(owed.AddedBytes, (await world.RowAsync(world.East, guest)).DeltaBytes);
        await world.HealAsync();
        await world.RunAsync(world.East, guest);
        Assert.Equal(0, (await world.RowAsync(world.East, guest)).DeltaBytes);
    }
}
