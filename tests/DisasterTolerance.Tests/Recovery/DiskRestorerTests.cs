using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Faults;
using static DisasterTolerance.Tests.Recovery.RestoreSite;

namespace DisasterTolerance.Tests.Recovery;

public sealed class DiskRestorerTests
{
    private const int Chunk = 65536;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(1_000_003)]
    public async Task RestoreAsync_NewDiskOfAnyLength_IsByteIdentical(int length)
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", length));
        site.Fill("disk0", 0, length, seed: length);
        var point = await site.CaptureAsync();

        var written = await site.RestoreAsync(point, Replica);

        Assert.Equal(length, written);
        Assert.Equal(site.HashOf("disk0"), site.HashOf("disk0", Replica));
    }

    [Fact]
    public async Task RestoreAsync_NewSparseDisks_WritesOnlyWhatIsNotZeroAndRegistersThemAll()
    {
        await using var site = await StartAsync(new DiskDefinition("big", 5L << 30), new DiskDefinition("empty", 0), new DiskDefinition("nvram", 70_000, DiskKind.Nvram));
        site.Fill("big", (4L << 30) - 5, 10, 1);
        site.Fill("nvram", 69_999, 1, 2);
        var point = await site.CaptureAsync();

        var written = await site.RestoreAsync(point, Replica);

        Assert.Equal((2 * Chunk) + (70_000 - Chunk), written);
        var info = await site.Machines.FindMachineAsync(Replica.MasterUuid, default);
        Assert.Equal(("vm", "group", PowerState.Off), (info!.Definition.Name, info.Definition.Group, info.Power));
        Assert.Equal(point.Definition.Disks, info.Definition.Disks);
        Assert.All(point.Definition.Disks, disk => Assert.Equal(site.HashOf(disk.Id), site.HashOf(disk.Id, Replica)));
    }

    [Fact]
    public async Task RestoreAsync_ExistingDisk_WritesOnlyWhatDiffers()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", (100 * Chunk) + 7));
        site.Fill("disk0", 0, 40 * Chunk, 1);
        site.Fill("disk0", 100 * Chunk, 7, 2);
        var point = await site.CaptureAsync();
        var then = site.HashOf("disk0");
        site.Fill("disk0", 3 * Chunk, 10, 3);
        site.Machines.TrimDisk(Machine.MasterUuid, "disk0", 20 * Chunk, Chunk);
        site.Fill("disk0", (60 * Chunk) + 5, 5, 4);
        site.Fill("disk0", 100 * Chunk, 7, 5);

        var written = await site.RestoreAsync(point);

        Assert.Equal(then, site.HashOf("disk0"));
        Assert.Equal((3 * Chunk) + 7, written);
        Assert.Equal(0, await site.RestoreAsync(point));
    }

    [Fact]
    public async Task RestoreAsync_DataWhereThePointHasNone_IsCleared()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 30 * Chunk));
        site.Fill("disk0", 5 * Chunk, Chunk, 1);
        var point = await site.CaptureAsync();
        var then = site.HashOf("disk0");
        site.Fill("disk0", 0, 30 * Chunk, 2);

        await site.RestoreAsync(point);

        Assert.Equal(then, site.HashOf("disk0"));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(500_000)]
    public async Task RestoreAsync_OtherDiskSetAndLengths_BringsThePointsBack(long length)
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 200_000), new DiskDefinition("gone", 100_000));
        site.Fill("disk0", 0, 200_000, 1);
        site.Fill("gone", 0, 100_000, 2);
        var point = await site.CaptureAsync();
        string[] then = [site.HashOf("disk0"), site.HashOf("gone")];
        site.Machines.ResizeDisk(Machine.MasterUuid, "disk0", length);
        site.Fill("disk0", 0, (int)length, 3);
        site.Machines.RemoveDisk(Machine.MasterUuid, "gone");
        site.Machines.AddDisk(Machine.MasterUuid, new DiskDefinition("added", 5000));

        await site.RestoreAsync(point);

        Assert.Equal(then, new[] { site.HashOf("disk0"), site.HashOf("gone") });
        var info = await site.Machines.FindMachineAsync(Machine.MasterUuid, default);
        Assert.Equal(["disk0", "gone"], info!.Definition.Disks.Select(disk => disk.Id));
    }

    [Fact]
    public async Task RestoreAsync_RandomWritesBetweenPoints_EveryPointComesBack()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var site = await StartAsync(new DiskDefinition("disk0", 3_000_001));
        List<(Store.PointManifest Point, string Hash)> points = [];
        for (var i = 0; i < 8; i++)
        {
            var (offset, length) = (random.Next(2_900_000), random.Next(1, 100_000));
            if (random.Next(3) == 0)
            {
                site.Machines.TrimDisk(Machine.MasterUuid, "disk0", offset, length);
            }
            else
            {
                site.Fill("disk0", offset, length, random.Next());
            }

            points.Add((await site.CaptureAsync(), site.HashOf("disk0")));
        }

        foreach (var (point, hash) in points.OrderBy(_ => random.Next()))
        {
            await site.RestoreAsync(point);
            Assert.True(hash == site.HashOf("disk0"), $"point {point.Name} is not what it was, seed {seed}");
        }
    }

    [Fact]
    public async Task RestoreAsync_DamagedRecord_NamesPointAndDiskAndDoesNotRegister()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 20 * Chunk));
        site.Fill("disk0", 0, 20 * Chunk, 1);
        var point = await site.CaptureAsync();
        var pack = site.Storage.Names.Where(name => name.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(name => site.Storage.Peek(name).Length)!;
        site.Storage.Tamper(pack, content =>
        {
            content[content.Length / 2] ^= 0x55;
            return content;
        });

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => site.RestoreAsync(point, Replica).AsTask());

        Assert.Equal(ErrorCode.DataDamaged, error.Code);
        Assert.Contains(point.Name, error.Message, StringComparison.Ordinal);
        Assert.Contains("'disk0'", error.Message, StringComparison.Ordinal);
        Assert.Null(await site.Machines.FindMachineAsync(Replica.MasterUuid, default));
    }

    [Theory]
    [InlineData("TargetDisk.Write")]
    [InlineData("TargetDisk.Flush")]
    [InlineData("Hypervisor.OpenDisk")]
    [InlineData("Hypervisor.Register")]
    public async Task RestoreAsync_ProviderFails_FailsAndCanBeRepeated(string operation)
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 20 * Chunk));
        site.Fill("disk0", 0, 20 * Chunk, 1);
        var point = await site.CaptureAsync();
        site.Faults.Add(new Fault { Operation = operation });

        await Assert.ThrowsAsync<HypervisorException>(() => site.RestoreAsync(point, Replica).AsTask());
        await site.RestoreAsync(point, Replica);

        site.Faults.VerifyAllFired();
        Assert.Equal(site.HashOf("disk0"), site.HashOf("disk0", Replica));
        Assert.Empty(site.Context.Progress.List());
    }

    [Fact]
    public async Task RestoreAsync_Cancelled_EndsAtOnce()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 100 * Chunk));
        site.Fill("disk0", 0, 100 * Chunk, 1);
        var point = await site.CaptureAsync();
        using var cancel = new CancellationTokenSource();
        site.Faults.Add(new Fault { Operation = "TargetDisk.Write", OnCall = 3, Kind = FaultKind.Action, Action = _ => new ValueTask(cancel.CancelAsync()) });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => site.RestoreAsync(point, Replica, cancel.Token).AsTask());

        Assert.Null(await site.Machines.FindMachineAsync(Replica.MasterUuid, default));
    }
}
