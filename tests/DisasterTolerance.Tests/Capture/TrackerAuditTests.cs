using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;
using DisasterTolerance.Tests.Recovery;
using static DisasterTolerance.Tests.Recovery.RestoreSite;

namespace DisasterTolerance.Tests.Capture;

/// <summary>A tracker that calls unchanged what has changed is caught, and believed no more.</summary>
public sealed class TrackerAuditTests
{
    private const int Chunk = 65_536;

    [Fact]
    public async Task CaptureAsync_TrackerMissesAChangeOnTheSecondDisk_ComparesBothDisksAndDistrustsIt()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 10 * Chunk), new DiskDefinition("disk1", (4 * Chunk) + 7));
        site.Fill("disk0", 0, 10 * Chunk, 1);
        site.Fill("disk1", 0, 4 * Chunk, 2);
        await CaptureAsync(site);
        site.Fill("disk1", 4 * Chunk, 7, 3);
        site.Machines.SetTracker(Machine.MasterUuid, TrackerBehavior.Silent);

        var report = await CaptureAsync(site);

        var distrust = (await RowAsync(site)).DistrustedTracker!;
        Assert.Contains($"disk 'disk1': 65,536 bytes at {4 * Chunk:N0} were called unchanged", distrust.Because, StringComparison.Ordinal);
        Assert.Contains(distrust.Because, report.ComparedBecause, StringComparison.Ordinal);
        Assert.Equal((14L * Chunk) + 7, report.ReadBytes);
        Assert.Equal(Chunk, report.ChangedBytes);
        Assert.Equal(site.HashOf("disk1"), await HashAfterRestoreAsync(site, report.Point, "disk1"));
    }

    [Fact]
    public async Task CaptureAsync_TrackerIsHonest_ReadsWhatItNamesAndASampleBeside()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 200 * Chunk));
        site.Fill("disk0", 0, 150 * Chunk, 1);
        Assert.Equal(0, (await CaptureAsync(site)).AuditedBytes);
        site.Fill("disk0", 5 * Chunk, 10, 2);

        var report = await CaptureAsync(site);

        Assert.Equal((Chunk, ""), (report.ReadBytes, report.ComparedBecause));
        Assert.Equal(64 * Chunk, report.AuditedBytes);
        Assert.Null((await RowAsync(site)).DistrustedTracker);
    }

    [Fact]
    public async Task CaptureAsync_AuditSwitchedOff_ReadsOnlyWhatIsNamed()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 10 * Chunk));
        site.Context.Options.TrackerAuditChunks = 0;
        site.Fill("disk0", 0, 10 * Chunk, 1);
        await CaptureAsync(site);

        var report = await CaptureAsync(site);

        Assert.Equal((0, 0, ""), (report.ReadBytes, report.AuditedBytes, report.ComparedBecause));
    }

    [Fact]
    public async Task CaptureAsync_RunFailsAfterTheTrackerWasCaught_NoLaterRunBelievesIt()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 10 * Chunk));
        site.Fill("disk0", 0, 10 * Chunk, 1);
        await CaptureAsync(site);
        site.Fill("disk0", 0, 10, 2);
        site.Machines.SetTracker(Machine.MasterUuid, TrackerBehavior.Silent);
        // The first read is the sample's, the second one is the comparison's.
        site.Faults.Add(new Fault { Operation = "Snapshot.Read", OnCall = 2 });
        await Assert.ThrowsAsync<HypervisorException>(() => CaptureAsync(site));
        site.Machines.SetTracker(Machine.MasterUuid, TrackerBehavior.Exact);

        var report = await CaptureAsync(site);

        Assert.Contains("the change tracker is not trusted since", report.ComparedBecause, StringComparison.Ordinal);
        Assert.Equal((10 * Chunk, 0), (report.ReadBytes, report.AuditedBytes));
        Assert.Empty(site.Faults.Unfired);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task FindMissedAsync_HugeSparseDisk_LooksMostlyWhereDataIs(int seed)
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 64L << 30));
        foreach (var gib in new[] { 3, 17, 40, 63 })
        {
            site.Fill("disk0", ((long)gib << 30) + Chunk, 10, gib);
        }

        var manifest = await site.CaptureAsync();
        site.Fill("disk0", (40L << 30) + Chunk, 10, 99);
        await using var snapshot = await site.Machines.TakeSnapshotAsync(new SnapshotRequest(Machine.MasterUuid, "later", SnapshotConsistency.Crash, TimeSpan.FromSeconds(1)), default);
        using var deadline = new ProgressDeadline(TimeProvider.System, TimeSpan.FromMinutes(5), "Test", default);
        var audit = new TrackerAudit(site.Context.Store, manifest.Geometry, 64, new Random(seed), deadline);

        var missed = await audit.FindMissedAsync(snapshot.Disks[0], manifest.Disks[0].Tree, []);

        Assert.Equal(((40L << 30) / Chunk) + 1, missed);
        Assert.InRange(audit.ReadBytes, 1, 64 * Chunk);
        Assert.Null(await audit.FindMissedAsync(snapshot.Disks[0], manifest.Disks[0].Tree, [new ChunkRange(((40L << 30) / Chunk) + 1, 1)]));
    }

    [Fact]
    public async Task FindMissedAsync_LargeChunks_ReadsNoMoreThan16MiB()
    {
        await using var site = await StartAsync(new DiskDefinition("disk0", 100L << 20));
        site.Context.Options.ChunkBytes = 1 << 20;
        site.Fill("disk0", 0, 50 << 20, 1);
        await CaptureAsync(site);

        Assert.Equal(16 << 20, (await CaptureAsync(site)).AuditedBytes);
    }

    private static async Task<CaptureReport> CaptureAsync(RestoreSite site) =>
        await new Capturer(site.Context, site.Directory, site.Points).CaptureAsync(Machine.Uuid, PointKind.Regular, default);

    private static ValueTask<MachineRow> RowAsync(RestoreSite site) => site.Directory.GetAsync(Machine.Uuid, default);

    private static async Task<string> HashAfterRestoreAsync(RestoreSite site, PointRow point, string disk)
    {
        await site.RestoreAsync(await site.Points.ReadManifestAsync(point, default), Replica);
        return site.HashOf(disk, Replica);
    }
}
