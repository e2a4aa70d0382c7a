using DisasterTolerance.Hypervisors;
using DisasterTolerance.Images;

namespace DisasterTolerance.Tests.Images;

public sealed class ImageDiskTests : IDisposable
{
    private static readonly Guid Machine = new("11111111-2222-4333-8444-555555555555");

    private readonly ImageSite _site = new();

    public void Dispose() => _site.Dispose();

    public static TheoryData<string> UnusablePaths => OperatingSystem.IsLinux() ? ["missing.raw", ".", "/dev/null"] : ["missing.raw", "."];

    [Theory]
    [MemberData(nameof(UnusablePaths))]
    public async Task TakeSnapshot_DiskUnusable_NamesFileAndMachine(string path)
    {
        string folder = _site.WriteMachine("vm", Machine, "good.raw", path);
        ImageSite.WriteDisk(Path.Combine(folder, "good.raw"), 1);

        var error = await Assert.ThrowsAsync<HypervisorException>(() => _site.TakeAsync(Machine).AsTask());

        Assert.Equal(ErrorCode.DiskUnusable, error.Code);
        Assert.Contains(Path.GetFullPath(path, folder), error.Message, StringComparison.Ordinal);
        Assert.Contains(Machine.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Contains("disk1", error.Message, StringComparison.Ordinal);
        MachineInfo found = (await _site.Provider.FindMachineAsync(Machine, ImageSite.Token))!;
        Assert.Equal(["disk0"], found.Definition.Disks.Select(disk => disk.Id));
    }

    [Fact]
    public async Task Start_DiskMissing_StaysOff()
    {
        _site.WriteMachine("vm", Machine, "missing.raw");

        var error = await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.StartAsync(Machine, null, ImageSite.Token).AsTask());

        Assert.Equal(ErrorCode.DiskUnusable, error.Code);
        Assert.Equal(PowerState.Off, (await _site.Provider.FindMachineAsync(Machine, ImageSite.Token))!.Power);
    }

    [Fact]
    public async Task GetExtents_FiveGiBSparse_NamesOnlyTheData()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells holes apart.");
        string folder = _site.WriteMachine("vm", Machine, "disk.raw");
        await using (FileStream file = File.Create(Path.Combine(folder, "disk.raw")))
        {
            file.SetLength((5L << 30) + 1);
            file.Position = 1L << 30;
            await file.WriteAsync(new byte[] { 1 }, ImageSite.Token);
        }

        await using ISnapshot snapshot = await _site.TakeAsync(Machine);
        var extents = new List<DiskExtent>();
        await foreach (DiskExtent extent in snapshot.Disks[0].GetExtentsAsync(ImageSite.Token))
        {
            extents.Add(extent);
        }

        Assert.Equal([ExtentKind.Unallocated, ExtentKind.Data, ExtentKind.Unallocated], extents.Select(extent => extent.Kind));
        Assert.True(extents[1].Offset <= 1L << 30 && extents[1].End > 1L << 30 && extents[1].Length <= 1 << 20, extents[1].ToString());
        Assert.Equal((5L << 30) + 1, extents[2].End);
    }

    [Fact]
    public async Task WriteZeroes_BigRange_FreesSpace()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux makes holes.");
        await using ITargetDisk disk = await _site.Provider.OpenDiskAsync(Machine, new DiskDefinition("disk0", 4 << 20), ImageSite.Token);
        await disk.WriteAsync(0, Enumerable.Repeat((byte)7, 4 << 20).ToArray(), ImageSite.Token);
        await disk.WriteZeroesAsync(1 << 20, 2 << 20, ImageSite.Token);
        await disk.FlushAsync(ImageSite.Token);

        var extents = new List<DiskExtent>();
        await foreach (DiskExtent extent in disk.GetExtentsAsync(ImageSite.Token))
        {
            extents.Add(extent);
        }

        Assert.Contains(new DiskExtent(1 << 20, 2 << 20, ExtentKind.Unallocated), extents);
    }

    [Fact]
    public async Task OpenDisk_DefaultFileBelongsToAnotherDisk_TakesAnotherName()
    {
        string folder = _site.WriteMachine("vm", $$"""{"uuid": "{{Machine}}", "name": "vm", "disks": [{"id": "data", "path": "disk0.raw"}]}""");
        ImageSite.WriteDisk(Path.Combine(folder, "disk0.raw"), 1, 2, 3);
        var disk = new DiskDefinition("disk0", 2);
        await using (ITargetDisk target = await _site.Provider.OpenDiskAsync(Machine, disk, ImageSite.Token))
        {
            Assert.True(target.IsNew);
            await target.WriteAsync(0, new byte[] { 8, 9 }, ImageSite.Token);
        }

        await _site.Provider.RegisterAsync(Machine, new MachineDefinition { Name = "vm", Disks = [new DiskDefinition("data", 3), disk] }, ImageSite.Token);

        Assert.Equal([1, 2, 3], File.ReadAllBytes(Path.Combine(folder, "disk0.raw")));
        string other = _site.ReadMachine("vm").GetProperty("disks")[1].GetProperty("path").GetString()!;
        Assert.Equal([8, 9], File.ReadAllBytes(Path.Combine(folder, other)));
    }

    [Fact]
    public async Task ChangingCalls_MachineOn_AreRefused()
    {
        string folder = _site.WriteMachine("vm", Machine, "disk.raw");
        ImageSite.WriteDisk(Path.Combine(folder, "disk.raw"), 1);
        await _site.Provider.StartAsync(Machine, null, ImageSite.Token);
        string before = File.ReadAllText(Path.Combine(folder, "machine.json"));

        await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.OpenDiskAsync(Machine, new DiskDefinition("disk0", 1), ImageSite.Token).AsTask());
        await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.RegisterAsync(Machine, new MachineDefinition { Name = "x", Disks = [] }, ImageSite.Token).AsTask());
        await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.UnregisterAsync(Machine, true, ImageSite.Token).AsTask());

        Assert.Equal(before, File.ReadAllText(Path.Combine(folder, "machine.json")));
    }

    [Fact]
    public async Task Register_OtherLengthThanPrepared_IsRefused()
    {
        await (await _site.Provider.OpenDiskAsync(Machine, new DiskDefinition("disk0", 10), ImageSite.Token)).DisposeAsync();

        var error = await Assert.ThrowsAsync<HypervisorException>(
            () => _site.Provider.RegisterAsync(Machine, new MachineDefinition { Name = "x", Disks = [new DiskDefinition("disk0", 11)] }, ImageSite.Token).AsTask());

        Assert.Equal(ErrorCode.DiskUnusable, error.Code);
        Assert.Null(await _site.Provider.FindMachineAsync(Machine, ImageSite.Token));
    }

    [Fact]
    public async Task Register_FolderDescribesAnotherMachine_IsRefused()
    {
        _site.WriteMachine(Machine.ToString(), new Guid("99999999-2222-4333-8444-555555555555"));

        await Assert.ThrowsAsync<HypervisorException>(
            () => _site.Provider.RegisterAsync(Machine, new MachineDefinition { Name = "x", Disks = [] }, ImageSite.Token).AsTask());
        await Assert.ThrowsAsync<HypervisorException>(() => _site.Provider.OpenDiskAsync(Machine, new DiskDefinition("disk0", 1), ImageSite.Token).AsTask());
    }

    [Fact]
    public async Task Unregister_WithDisks_LeavesForeignFiles()
    {
        string foreign = Path.Combine(_site.Root, "foreign.img");
        ImageSite.WriteDisk(foreign, 1);
        string folder = _site.WriteMachine("vm", Machine, "own.raw", foreign);
        ImageSite.WriteDisk(Path.Combine(folder, "own.raw"), 2);

        await _site.Provider.UnregisterAsync(Machine, deleteDisks: true, ImageSite.Token);

        Assert.True(File.Exists(foreign));
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task OpenDisk_LongerThanTheFileSystemAllows_IsDiskUnusable()
    {
        var error = await Assert.ThrowsAsync<HypervisorException>(
            () => _site.Provider.OpenDiskAsync(Machine, new DiskDefinition("disk0", long.MaxValue), ImageSite.Token).AsTask());

        Assert.Equal(ErrorCode.DiskUnusable, error.Code);
    }

    [Fact]
    public async Task Flush_SyncFails_IsAnErrorNowAndLater()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs a file that cannot be synced.");

        // A file of the process file system opens like any other, but its fsync fails.
        var definition = new DiskDefinition("disk0", 0);
        await using var disk = new ImageTargetDisk(Machine, definition, ImageFile.OpenWrite("/proc/self/comm"), isNew: false);

        var first = await Assert.ThrowsAsync<HypervisorException>(() => disk.FlushAsync(ImageSite.Token).AsTask());
        var second = await Assert.ThrowsAsync<HypervisorException>(() => disk.FlushAsync(ImageSite.Token).AsTask());

        Assert.Equal(ErrorCode.DiskUnusable, first.Code);
        Assert.Contains("fsync", first.Message, StringComparison.Ordinal);
        Assert.Contains("earlier flush", second.Message, StringComparison.Ordinal);
    }

    /// <summary>Needs the environment to name a block device whose content may be lost.</summary>
    [Fact]
    public async Task BlockDevice_WrittenAndRead_IsUnwatchedAndNotResized()
    {
        string? device = Environment.GetEnvironmentVariable("DISASTERTOLERANCE_BLOCK_DEVICE");
        Assert.SkipWhen(string.IsNullOrEmpty(device), "DISASTERTOLERANCE_BLOCK_DEVICE names no block device whose content may be lost.");
        _site.WriteMachine("vm", Machine, device);
        long length = (await _site.Provider.FindMachineAsync(Machine, ImageSite.Token))!.Definition.Disks.Single().LengthBytes;
        Assert.True(length > 0, "The device has no length.");
        await using (ITargetDisk target = await _site.Provider.OpenDiskAsync(Machine, new DiskDefinition("disk0", length), ImageSite.Token))
        {
            await target.WriteAsync(length - 3, new byte[] { 1, 2, 3 }, ImageSite.Token);
            await target.WriteZeroesAsync(length - 2, 1, ImageSite.Token);
            await target.FlushAsync(ImageSite.Token);
        }

        await using ISnapshot snapshot = await _site.TakeAsync(Machine);
        byte[] content = new byte[3];
        await snapshot.Disks[0].ReadAsync(length - 3, content, ImageSite.Token);
        Assert.Equal([1, 0, 3], content);
        Assert.Equal(SnapshotStability.Unwatched, await snapshot.CheckStabilityAsync(ImageSite.Token));
        var error = await Assert.ThrowsAsync<HypervisorException>(
            () => _site.Provider.OpenDiskAsync(Machine, new DiskDefinition("disk0", length + 1), ImageSite.Token).AsTask());
        Assert.Equal(ErrorCode.DiskUnusable, error.Code);
    }
}
