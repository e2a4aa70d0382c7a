using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios;

public sealed class DiskSetTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    public async Task Run_DiskOfAnyLength_ReadsBackAtBothSites(long length)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, disks: [new DiskDefinition("disk0", length)]);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East);
        await world.RunAsync(world.East, guest);
        Assert.Equal(2, (await world.PointsAsync(world.West, guest)).Count);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Run_DisksComeGoGrowAndShrink_EveryPointKeepsItsOwnDiskSet()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        var (hypervisor, machine) = (world.East.Machines, guest.At(world.East));
        Action[] changes =
        [
            () => hypervisor.AddDisk(machine, new DiskDefinition("disk2", 33_333)),
            () => hypervisor.ResizeDisk(machine, "disk0", 400_003),
            () => hypervisor.ResizeDisk(machine, "disk0", 50_000),
            () => hypervisor.RemoveDisk(machine, "disk1"),
            () => hypervisor.AddDisk(machine, new DiskDefinition("disk1", 12_288)),
            () => hypervisor.ResizeDisk(machine, "disk2", 0),
        ];
        await world.RunAsync(world.East, guest);
        foreach (var change in changes)
        {
            change();
            guest.Write(world.East);
            await world.AdvanceAsync(TimeSpan.FromSeconds(5));
            await world.RunAsync(world.East, guest);
        }

        Assert.Equal(guest.Content(world.East), world.Seen.Of((await world.PointsAsync(world.West, guest))[0].Uuid));
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Run_NothingChanged_ShipsNoChunk()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var report = await world.RunAsync(world.East, guest);
        Assert.Equal((0, 0, 1), (report.ChangedBytes, report.ShippedChunks, report.ShippedPoints));
    }
}
