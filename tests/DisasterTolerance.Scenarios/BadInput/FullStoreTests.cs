using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.BadInput;

public sealed class FullStoreTests
{
    private const int Written = 120_000;

    // What 120,000 bytes anywhere can touch at the most.
    private const int Touched = (Written / 4096) + 2;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_SourceFull_FailsByNameAndGoesOnWhenThereIsSpace(bool hasReserve)
    {
        await using var world = await TwoSites.StartAsync(configure: world => world.East.Engine = engine => engine.ReserveBytes = hasReserve ? 1_000_000 : 0);
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East, Written);
        await world.AdvanceAsync(TimeSpan.FromSeconds(5));
        var before = await Kept.OfAsync(world, await world.RowAsync(world.East, guest));
        world.East.Storage.CapacityBytes = world.East.Storage.UsedBytes + 20_000;

        var error = await world.FailsAsync(
            ErrorCode.StorageFull, async () => await world.East.Replication.RunAsync(new RunRequest(guest.Uuid, "test")),
            "machine 'm0'", "plan 'plan'", "the store of site 'east'", hasReserve ? "20,000 bytes free, 1,000,000 are kept in reserve" : "is full", hasReserve ? "shorten the retention" : "Raise CapacityBytes or delete blobs");

        await before.AssertSameAsync(error.Message);
        await new Invariants(world).CheckAsync();
        Assert.False(await HasSnapshotAsync(world, guest));
        world.East.Storage.CapacityBytes = null;
        var report = await world.RunAsync(world.East, guest);
        Assert.InRange(report.ShippedChunks, 1, Touched);
        Assert.Equal(2, (await world.PointsAsync(world.West, guest)).Count);
        await new Invariants(world).CheckAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_PeerFull_FailsByNameAndGoesOnWhenThereIsSpace(bool hasReserve)
    {
        await using var world = await TwoSites.StartAsync(configure: world => world.West.Engine = engine => engine.ReserveBytes = hasReserve ? 1_000_000 : 0);
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East, Written);
        await world.AdvanceAsync(TimeSpan.FromSeconds(5));
        var older = await world.PointsAsync(world.West, guest);
        world.West.Storage.CapacityBytes = world.West.Storage.UsedBytes + 20_000;

        await world.FailsAsync(
            ErrorCode.StorageFull, async () => await world.East.Replication.RunAsync(new RunRequest(guest.Uuid, "test")),
            "machine 'm0'", "plan 'plan'", "the store of site 'west'", hasReserve ? "20,000 bytes free, 1,000,000 are kept in reserve" : "is full",
            hasReserve ? "shorten the retention" : "Raise CapacityBytes or delete blobs", "Points are kept here and shipped when that is repaired");

        Assert.Equal(older.Select(point => point.Uuid), (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid));
        Assert.Equal(2, (await world.PointsAsync(world.East, guest)).Count);
        await new Invariants(world).CheckAsync();
        world.West.Storage.CapacityBytes = null;
        var report = await world.RunAsync(world.East, guest);
        Assert.InRange(report.ShippedChunks, 1, Touched);
        Assert.Equal(0, report.ChangedBytes);
        Assert.Contains(report.Point, (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid));
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Schedule_PeerWasFull_ShipsByItselfWhenThereIsSpace()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East, Written);
        world.West.Storage.CapacityBytes = world.West.Storage.UsedBytes + 20_000;
        await world.AdvanceAsync(TimeSpan.FromMinutes(61));
        Assert.Single(await world.PointsAsync(world.West, guest));
        Assert.Contains("the store of site 'west'", (await world.RowAsync(world.East, guest)).LastError, StringComparison.Ordinal);

        world.West.Storage.CapacityBytes = null;
        await world.AdvanceAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(2, (await world.PointsAsync(world.West, guest)).Count);
        Assert.Empty((await world.RowAsync(world.East, guest)).LastError);
        await new Invariants(world).CheckAsync();
    }

    private static async Task<bool> HasSnapshotAsync(TwoSites world, Guest guest)
    {
        await foreach (var _ in world.East.Machines.ListSnapshotsAsync(guest.At(world.East), TestContext.Current.CancellationToken))
        {
            return true;
        }

        return false;
    }
}
