using DisasterTolerance.Qemu.Tests.Guest;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>A real guest writes, dies, and comes up elsewhere with everything that the point has.</summary>
public sealed class ReplicationTests
{
    private const long Mebibyte = 1 << 20;

    [Theory]
    [InlineData(QemuDiskFormat.Qcow2)]
    [InlineData(QemuDiskFormat.Raw)]
    public async Task Runs_GuestWritesWithoutPause_ReadWhatTheBitmapNamesAndFailOverWhole(QemuDiskFormat format)
    {
        var image = await GuestImage.NeedAsync();
        await using var sites = await TwoQemuSites.StartAsync();
        var guest = await sites.North.CreateAsync(image, "mode=serve kib=64 pause=20", (format, 512 * Mebibyte));
        await sites.North.Hypervisor.StartAsync(guest, null, default);
        var console = sites.North.Console(guest);
        await console.SaysAsync("wrote 10 ");
        var machine = await sites.ProtectAsync(guest, TimeSpan.FromSeconds(4));

        var first = await ScheduledRunAsync(sites, machine, 1);
        await console.WritesAsync(5);
        var second = await ScheduledRunAsync(sites, machine, 2);
        var before = console.LastWritten;
        var third = await ScheduledRunAsync(sites, machine, 3);

        foreach (var run in new[] { second, third })
        {
            Assert.Equal("", run.ComparedBecause);
            Assert.Equal("", run.NotShippedBecause);
            Assert.True(run.ReadBytes < first.ReadBytes / 2, $"{run.ReadBytes} of {first.ReadBytes} bytes were read again.");
        }

        // The source is lost: its QEMU by kill -9, its site with it.
        await sites.North.KillAsync(guest);
        await sites.North.StopAsync();
        var after = console.LastWritten;
        var report = await sites.South.Get<IRecoveryService>().RecoverAsync(new() { Machine = machine.Uuid, Actor = "test" });

        Assert.Equal((await TwoQemuSites.PointsAsync(sites.South, machine))[^1].Uuid, report.Point);
        var copy = sites.South.Console(report.SiteMachine);
        var found = await copy.FiguresAsync("VERIFY");
        Assert.Equal((0, 0), (found["bad"], found["missing"]));
        Assert.InRange(found["last"], before, after + 1);
        await copy.WritesAsync(3);
    }

    [Fact]
    public async Task Runs_GuestAgent_GiveApplicationConsistentPointsThatNeedNoReplay()
    {
        var image = await GuestImage.NeedAsync();
        await using var sites = await TwoQemuSites.StartAsync();
        var guest = await sites.North.CreateAsync(image, "mode=write kib=64 pause=5", (QemuDiskFormat.Qcow2, 128 * Mebibyte));
        await sites.North.Hypervisor.StartAsync(guest, null, default);
        await sites.North.Console(guest).SaysAsync("wrote 10 ");
        await TwoQemuSites.UntilAsync(async () => await sites.North.Hypervisor.IsAliveAsync(guest, default), "the agent answers");
        var machine = await sites.ProtectAsync(guest);

        await TwoQemuSites.RunAsync(sites.North, machine);

        var point = Assert.Single(await TwoQemuSites.PointsAsync(sites.South, machine));
        Assert.Equal(Hypervisors.SnapshotConsistency.Application, point.Consistency);
        var disk = await TwoQemuSites.ExportAsync(sites.South, machine, point, "disk0");
        var check = await ForeignProgram.RunAsync("e2fsck", "-f", "-n", disk);
        Assert.True(check.ExitCode == 0 && !check.Output.Contains("journal", StringComparison.OrdinalIgnoreCase), check.Output);
        await sites.North.Console(guest).WritesAsync(5);
    }

    [Fact]
    public async Task Runs_TwoDisksOfTwoFormats_AreOfOneInstant()
    {
        var image = await GuestImage.NeedAsync();
        await using var sites = await TwoQemuSites.StartAsync();
        var guest = await sites.North.CreateAsync(image, "mode=counter", (QemuDiskFormat.Raw, 16 * Mebibyte), (QemuDiskFormat.Qcow2, 16 * Mebibyte));
        await sites.North.Hypervisor.StartAsync(guest, null, default);
        await sites.North.Console(guest).SaysAsync("counted 20");
        var machine = await sites.ProtectAsync(guest);

        for (var run = 0; run < 5; run++)
        {
            await TwoQemuSites.RunAsync(sites.North, machine);
        }

        List<(long First, long Second)> counters = [];
        foreach (var point in await TwoQemuSites.PointsAsync(sites.South, machine))
        {
            counters.Add((await TwoQemuSites.CounterAsync(sites.South, machine, point, "disk0"), await TwoQemuSites.CounterAsync(sites.South, machine, point, "disk1")));
        }

        Assert.Equal(5, counters.Count);
        Assert.All(counters, counter => Assert.InRange(counter.First - counter.Second, 0, 1));
        Assert.True(counters.Max(counter => counter.First) > counters.Min(counter => counter.First));
    }

    [Fact]
    public async Task CrashConsistentPoint_OverlayOverIt_IsReplayedCleanAndThePointStays()
    {
        var image = await GuestImage.NeedAsync();
        await using var sites = await TwoQemuSites.StartAsync();
        var guest = await sites.North.CreateAsync(image, "mode=write kib=64 pause=5", (QemuDiskFormat.Qcow2, 128 * Mebibyte));
        await sites.North.Hypervisor.StartAsync(guest, null, default);
        await sites.North.Console(guest).SaysAsync("wrote 10 ");

        // Nobody can ask the guest to be quiet.
        File.Delete(sites.North.Record(guest).Runtime.Agent!);
        var machine = await sites.ProtectAsync(guest);
        await TwoQemuSites.RunAsync(sites.North, machine);
        var point = Assert.Single(await TwoQemuSites.PointsAsync(sites.South, machine));
        Assert.Equal(Hypervisors.SnapshotConsistency.Crash, point.Consistency);
        var before = await HashAsync(sites, machine, point);

        var folder = Directory.CreateTempSubdirectory("dtq");
        await using (var served = await sites.South.Get<IPointExports>().ServeAsync(new() { Machine = machine.Uuid, IsWritable = true, Actor = "test" }))
        {
            await using var looker = GuestMachine.Start(image, folder.FullName, "mode=verify", served.Disks.Single(disk => disk.Disk == "disk0").Uri.OriginalString);
            var verdict = await looker.SaysAsync("VERIFY");
            await looker.PowersOffAsync();

            Assert.Contains("fs vda journal", looker.Said);
            Assert.Contains(" bad=0 missing=0 ", verdict, StringComparison.Ordinal);
            Assert.Contains("check vda exit=0", looker.Said);
        }

        folder.Delete(true);
        Assert.Equal(before, await HashAsync(sites, machine, point));
    }

    /// <summary>The report of the n-th run, which nobody asked for.</summary>
    private static async Task<RunReport> ScheduledRunAsync(TwoQemuSites sites, Catalog.MachineRow machine, int number)
    {
        IReadOnlyList<Catalog.RunRow> runs = [];
        await TwoQemuSites.UntilAsync(async () => (runs = await sites.North.Get<IStateReader>().ListRunsAsync(machine.Uuid, 100)).Count >= number, $"run {number} by schedule");
        var run = runs.OrderBy(row => row.Started).ElementAt(number - 1);
        Assert.Equal(("run", ErrorCode.None), (run.Kind, run.Outcome));
        return System.Text.Json.JsonSerializer.Deserialize<RunReport>(run.Report, System.Text.Json.JsonSerializerOptions.Web)!;
    }

    private static async Task<string> HashAsync(TwoQemuSites sites, Catalog.MachineRow machine, Catalog.PointRow point)
    {
        await using var disk = File.OpenRead(await TwoQemuSites.ExportAsync(sites.South, machine, point, "disk0"));
        return Convert.ToHexString(await System.Security.Cryptography.SHA256.HashDataAsync(disk));
    }
}
