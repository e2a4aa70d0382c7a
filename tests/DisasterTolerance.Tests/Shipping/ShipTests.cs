using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Links;

namespace DisasterTolerance.Tests.Shipping;

public class ShipTests
{
    private const int Chunk = 65536;

    [Theory]
    [InlineData(0L)]
    [InlineData(1L)]
    [InlineData(65535L)]
    [InlineData(65536L)]
    [InlineData(65537L)]
    [InlineData(3_000_000L)]
    public async Task ShipAsync_DiskOfAnyLength_ArrivesByteForByte(long length)
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", length));
        Fill(pair, "disk0", 0, length, seed: 1);

        var point = await RunAsync(pair);

        await AssertSameAsync(pair, point);
    }

    [Fact]
    public async Task ShipAsync_ThreeDisks_AllArrive()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("a", 500_000), new DiskDefinition("b", 0), new DiskDefinition("c", 5L << 30));
        Fill(pair, "a", 0, 500_000, 1);
        Fill(pair, "c", 4L << 30, 200_000, 2);

        var captured = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default);

        Assert.True(captured.ReadBytes < 2_000_000, $"a sparse disk was read whole: {captured.ReadBytes}");
        var there = await pair.B.Context.Catalog.FindPointAsync(captured.Point.Uuid, pair.B.Context.Uuid, default);
        Assert.Equal(captured.Point.Manifest, there!.Manifest);
    }

    [Fact]
    public async Task ShipAsync_NothingChanged_ShipsNoChunk()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", 40 * Chunk));
        Fill(pair, "disk0", 0, 40 * Chunk, 1);
        await RunAsync(pair);

        var second = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        var shipped = await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default);

        Assert.Equal((1, 0L, 0L), (shipped.Points, shipped.Chunks, second.ChangedBytes));
        await AssertSameAsync(pair, second.Point.Uuid);
    }

    [Fact]
    public async Task ShipAsync_KChangedChunks_ShipsKChunks()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", 400 * Chunk));
        Fill(pair, "disk0", 0, 400 * Chunk, 1);
        await RunAsync(pair);
        foreach (var position in new[] { 0, 7, 8, 399 })
        {
            Fill(pair, "disk0", (long)position * Chunk, Chunk, seed: 1000 + position);
        }

        var second = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        var shipped = await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default);

        Assert.Equal(4, shipped.Chunks);
        Assert.True(shipped.WireBytes <= (4 * Chunk * 1.02) + 65536, $"{shipped.WireBytes} bytes for four chunks");
        await AssertSameAsync(pair, second.Point.Uuid);
    }

    [Fact]
    public async Task ShipAsync_DiskGrownShrunkAddedRemoved_ArrivesByteForByte()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("grows", 100 * Chunk), new DiskDefinition("shrinks", 100 * Chunk), new DiskDefinition("goes", 3 * Chunk));
        foreach (var disk in new[] { "grows", "shrinks" })
        {
            Fill(pair, disk, 0, 100 * Chunk, 1);
        }

        await RunAsync(pair);
        pair.A.Hypervisor.ResizeDisk(ShipPair.MachineUuid, "grows", 500L * Chunk);
        pair.A.Hypervisor.ResizeDisk(ShipPair.MachineUuid, "shrinks", (40 * Chunk) + 100);
        pair.A.Hypervisor.RemoveDisk(ShipPair.MachineUuid, "goes");
        pair.A.Hypervisor.AddDisk(ShipPair.MachineUuid, new DiskDefinition("comes", 2 * Chunk));
        Fill(pair, "grows", 450L * Chunk, 10, 7);

        var point = await RunAsync(pair);

        await AssertSameAsync(pair, point);
        var manifest = await pair.B.Points.ReadManifestAsync((await pair.B.Context.Catalog.FindPointAsync(point, pair.B.Context.Uuid, default))!, default);
        Assert.Equal(["grows", "shrinks", "comes"], manifest.Disks.Select(d => d.Definition.Id));
    }

    [Fact]
    public async Task ShipAsync_LinkCutAtNinetyPercent_SendsOnlyTheRest()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", 600 * Chunk));
        Fill(pair, "disk0", 0, 600 * Chunk, 1);
        var captured = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        pair.Link.CutAfter(LinkDirection.FirstToSecond, (long)(600 * Chunk * 0.9));

        var lost = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default));
        Assert.True(lost.IsTransient);
        pair.Link.Repair();
        await Wait.Until(() => pair.A.Context.Links.Peers[0].State.IsUp);
        var rest = await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default);

        Assert.InRange(rest.Chunks, 1, 90);
        await AssertSameAsync(pair, captured.Point.Uuid);
    }

    [Fact]
    public async Task ShipAsync_TwoPointsOwed_ShipsNewestFirstThenOlder()
    {
        await using var pair = await ShipPair.StartAsync(new DiskDefinition("disk0", 10 * Chunk));
        Fill(pair, "disk0", 0, 10 * Chunk, 1);
        var first = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        Fill(pair, "disk0", 0, Chunk, 2);
        var second = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);

        var newest = await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, onlyNewest: true, default);
        Assert.Equal(1, newest.Points);
        Assert.NotNull(await pair.B.Context.Catalog.FindPointAsync(second.Point.Uuid, pair.B.Context.Uuid, default));
        var rest = await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default);

        Assert.Equal((1, 1L), (rest.Points, rest.Chunks));
        await AssertSameAsync(pair, first.Point.Uuid);
        var holding = (await pair.B.Machines.GetAsync(ShipPair.MachineUuid, default)).Own;
        Assert.Equal((second.Point.Name, 2), (holding.LastPointName, holding.Count));
    }

    private static async Task<Guid> RunAsync(ShipPair pair)
    {
        var captured = await pair.A.Capturer.CaptureAsync(ShipPair.MachineUuid, PointKind.Regular, default);
        await pair.A.Shipper.ShipAsync(ShipPair.MachineUuid, false, default);
        return captured.Point.Uuid;
    }

    private static async Task AssertSameAsync(ShipPair pair, Guid point)
    {
        var here = await pair.A.HashPointAsync(point);
        Assert.Equal(here, await pair.B.HashPointAsync(point));
        var newest = (await pair.A.Points.ListOwnAsync(ShipPair.MachineUuid, default))[0];
        if (newest.Uuid == point)
        {
            foreach (var (disk, hash) in here)
            {
                var info = await pair.A.Hypervisor.FindMachineAsync(ShipPair.MachineUuid, default);
                var length = (int)info!.Definition.Disks.Single(d => d.Id == disk).LengthBytes;
                Assert.Equal(ContentHash.Of(pair.A.Hypervisor.ReadDisk(ShipPair.MachineUuid, disk, 0, length)), hash);
            }
        }
    }

    private static void Fill(ShipPair pair, string disk, long offset, long length, int seed)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        pair.A.Hypervisor.WriteDisk(ShipPair.MachineUuid, disk, offset, content);
    }
}
