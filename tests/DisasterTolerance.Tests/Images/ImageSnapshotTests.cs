using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Tests.Images;

public sealed class ImageSnapshotTests
{
    private static readonly Guid Machine = new("11111111-2222-4333-8444-555555555555");

    [Theory]
    [InlineData("off", SnapshotConsistency.PoweredOff)]
    [InlineData("on", SnapshotConsistency.Crash)]
    public async Task TakeSnapshot_Power_DecidesConsistency(string power, SnapshotConsistency expected)
    {
        using var site = new ImageSite();
        string folder = site.WriteMachine("vm", $$"""{"uuid": "{{Machine}}", "name": "vm", "power": "{{power}}", "disks": [{"id": "d", "path": "d"}]}""");
        ImageSite.WriteDisk(Path.Combine(folder, "d"), 1);

        await using ISnapshot snapshot = await site.TakeAsync(Machine);

        Assert.Equal(expected, snapshot.Consistency);
        Assert.Equal(SnapshotStability.Stable, await snapshot.CheckStabilityAsync(ImageSite.Token));
    }

    [Fact]
    public async Task CheckStability_TimesPutBackAfterAWrite_SaysChanged()
    {
        using var site = await WatchedSite.CreateAsync();
        DateTime modified = File.GetLastWriteTimeUtc(site.Disk);
        ImageSite.WriteDisk(site.Disk, 9);
        File.SetLastWriteTimeUtc(site.Disk, modified);

        Assert.Equal(SnapshotStability.Changed, await site.Snapshot.CheckStabilityAsync(ImageSite.Token));
    }

    [Fact]
    public async Task CheckStability_FileReplaced_SaysChanged()
    {
        using var site = await WatchedSite.CreateAsync();
        ImageSite.WriteDisk(site.Disk + ".new", 1);
        File.Move(site.Disk + ".new", site.Disk, overwrite: true);

        Assert.Equal(SnapshotStability.Changed, await site.Snapshot.CheckStabilityAsync(ImageSite.Token));
    }

    [Fact]
    public async Task Read_FileCutMeanwhile_IsDiskUnusable()
    {
        using var site = await WatchedSite.CreateAsync();
        ImageSite.WriteDisk(site.Disk);

        var error = await Assert.ThrowsAsync<HypervisorException>(() => site.Snapshot.Disks[0].ReadAsync(0, new byte[1], ImageSite.Token).AsTask());

        Assert.Equal(ErrorCode.DiskUnusable, error.Code);
        Assert.Contains(site.Disk, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TakeSnapshot_Watched_LeavesNoFile()
    {
        using var site = await WatchedSite.CreateAsync();

        Assert.Equal(["disk.raw", "machine.json"], Directory.GetFileSystemEntries(Path.GetDirectoryName(site.Disk)!).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task TakeSnapshot_Cloned_SurvivesRestartAndUnrelatedParts()
    {
        using var site = new ImageSite(CloneFolders.Require());
        string folder = site.WriteMachine("vm", Machine, "a.raw", "b.raw");
        ImageSite.WriteDisk(Path.Combine(folder, "a.raw"), 1, 2, 3);
        ImageSite.WriteDisk(Path.Combine(folder, "b.raw"));
        string part = Directory.CreateDirectory(Path.Combine(folder, ".snapshots", "old.part")).FullName;
        await (await site.TakeAsync(Machine)).DisposeAsync();
        ImageSite.WriteDisk(Path.Combine(folder, "a.raw"), 7, 7, 7, 7);
        Assert.False(Directory.Exists(part), "What a killed process left was not removed.");

        site.Reopen();
        await using (ISnapshot snapshot = await site.TakeAsync(Machine))
        {
            byte[] content = new byte[3];
            await snapshot.Disks[0].ReadAsync(0, content, ImageSite.Token);
            Assert.Equal([1, 2, 3], content);
            Assert.Equal([new DiskDefinition("disk0", 3), new DiskDefinition("disk1", 0)], snapshot.Definition.Disks);
            Assert.Equal(SnapshotConsistency.PoweredOff, snapshot.Consistency);
        }

        await site.Provider.ReleaseSnapshotAsync(Machine, "s1", SnapshotOutcome.Captured, ImageSite.Token);
        Assert.False(Directory.Exists(Path.Combine(folder, ".snapshots")));
    }

    /// <summary>A machine with one disk, taken by a provider that does not clone.</summary>
    private sealed class WatchedSite : IDisposable
    {
        private readonly ImageSite _site = new();

        public string Disk { get; private set; } = "";

        public ISnapshot Snapshot { get; private set; } = null!;

        public static async Task<WatchedSite> CreateAsync()
        {
            var site = new WatchedSite();
            if (site._site.Provider.Capabilities.SnapshotsSurviveRestart)
            {
                site.Dispose();
                Assert.Skip("Temporary files are cloned here, so nothing is watched.");
            }

            site.Disk = Path.Combine(site._site.WriteMachine("vm", Machine, "disk.raw"), "disk.raw");
            ImageSite.WriteDisk(site.Disk, 1);
            site.Snapshot = await site._site.TakeAsync(Machine);
            return site;
        }

        public void Dispose()
        {
            Snapshot?.DisposeAsync().AsTask().GetAwaiter().GetResult();
            _site.Dispose();
        }
    }
}
