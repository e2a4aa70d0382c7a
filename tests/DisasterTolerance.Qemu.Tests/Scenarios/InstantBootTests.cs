using System.Text.Json;
using DisasterTolerance.Catalog;
using DisasterTolerance.Qemu.Tests.Guest;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>A real guest is started from exports of its point, and keeps every file that it was told is durable, whatever ends before its disks are its own.</summary>
public sealed class InstantBootTests
{
    private const long Mebibyte = 1 << 20;

    // Slow enough that a pull is under way for as long as a test needs.
    private const long Slow = 256 << 10;

    [Fact]
    public async Task Failover_GuestRunsFromExports_AndThenFromDisksOfItsOwn()
    {
        await using var sites = await TwoQemuSites.StartAsync();
        var (machine, last) = await LoseNorthAsync(sites);

        var report = await sites.South.Get<IRecoveryService>().RecoverAsync(new() { Machine = machine.Uuid, Actor = "test" });

        Assert.True(report is { FromExports: true, WrittenBytes: 0 }, report.ToString());
        var copy = report.SiteMachine;
        await HasAllAsync(sites.South.Console(copy), last);
        await PulledAsync(sites.South, machine);
        Assert.Null(sites.South.Record(copy).Document.Exports);
        Assert.Empty(Overlays(sites.South));
        await sites.South.Console(copy).WritesAsync(3);

        last = await KillGuestAsync(sites.South, copy);
        await sites.South.Hypervisor.StartAsync(copy, null, default);
        await HasAllAsync(sites.South.Console(copy), last);

        var run = (await sites.South.Get<IStateReader>().ListRunsAsync(machine.Uuid, 10)).Single(run => run.Kind == "failover");
        Assert.True(JsonDocument.Parse(run.Report).RootElement.GetProperty("fromExports").GetBoolean());
    }

    [Fact]
    public async Task Failover_SiteAndGuestEndInMidBootAndMidPull_LosesNothingThatWasFlushed()
    {
        await using var sites = await TwoQemuSites.StartAsync(options => options.PullBytesPerSecond = Slow);
        var (machine, last) = await LoseNorthAsync(sites);
        var copy = (await sites.South.Get<IRecoveryService>().RecoverAsync(new() { Machine = machine.Uuid, Actor = "test" })).SiteMachine;

        // In mid-boot: the guest cannot have looked at its disk yet, and waits for it.
        await RestartAsync(sites);
        await HasAllAsync(sites.South.Console(copy), last);
        await sites.South.Console(copy).WritesAsync(3);

        // In mid-pull: QEMU and all that it has in memory.
        await PullingAsync(sites.South, machine);
        last = await KillGuestAsync(sites.South, copy);
        Assert.NotNull(sites.South.Record(copy).Document.Exports);
        await sites.South.Hypervisor.StartAsync(copy, null, default);
        await HasAllAsync(sites.South.Console(copy), last);

        // The site once more, and both.
        await RestartAsync(sites);
        await sites.South.Console(copy).WritesAsync(3);
        await PullingAsync(sites.South, machine);
        await sites.South.StopAsync();
        last = await KillGuestAsync(sites.South, copy);
        await sites.South.StartAsync(null, sites.North);
        await sites.South.Hypervisor.StartAsync(copy, null, default);
        await HasAllAsync(sites.South.Console(copy), last);

        await PulledAsync(sites.South, machine);
        Assert.Empty(Overlays(sites.South));
        last = await KillGuestAsync(sites.South, copy);
        await sites.South.Hypervisor.StartAsync(copy, null, default);
        await HasAllAsync(sites.South.Console(copy), last);
    }

    [Fact]
    public async Task Failover_SiteAwayForLongerThanQemuWaits_StopsTheGuestAndGoesOn()
    {
        await using var sites = await TwoQemuSites.StartAsync(options => options.PullBytesPerSecond = Slow);
        var (machine, last) = await LoseNorthAsync(sites);
        var copy = (await sites.South.Get<IRecoveryService>().RecoverAsync(new() { Machine = machine.Uuid, Actor = "test" })).SiteMachine;
        await HasAllAsync(sites.South.Console(copy), last);
        await PullingAsync(sites.South, machine);

        await sites.South.StopAsync();
        await TwoQemuSites.UntilAsync(async () => await StatusAsync(sites.South, copy) == "io-error", "the guest is stopped");
        await sites.South.StartAsync(null, sites.North);

        await sites.South.Console(copy).WritesAsync(3);
        await PulledAsync(sites.South, machine);
        last = await KillGuestAsync(sites.South, copy);
        await sites.South.Hypervisor.StartAsync(copy, null, default);
        await HasAllAsync(sites.South.Console(copy), last);
    }

    private static async Task<string?> StatusAsync(QemuSite site, Guid machine)
    {
        await using var lease = await site.Hypervisor.Hosts.FindQemuAsync(site.Record(machine), default);
        return (await lease.Host.ExecuteAsync("query-status", null, default)).GetProperty("status").GetString();
    }

    private static async Task<(MachineRow Machine, int Last)> LoseNorthAsync(TwoQemuSites sites)
    {
        var image = await GuestImage.NeedAsync();
        var guest = await sites.North.CreateAsync(image, "mode=serve kib=64 pause=20", (QemuDiskFormat.Qcow2, 256 * Mebibyte));
        await sites.North.Hypervisor.StartAsync(guest, null, default);
        await sites.North.Console(guest).SaysAsync("wrote 20 ");
        var machine = await sites.ProtectAsync(guest);
        var last = sites.North.Console(guest).LastWritten;
        await TwoQemuSites.RunAsync(sites.North, machine);
        await sites.North.KillAsync(guest);
        await sites.North.StopAsync();
        return (machine, last);
    }

    private static async Task RestartAsync(TwoQemuSites sites)
    {
        await sites.South.StopAsync();
        await sites.South.StartAsync(options => options.PullBytesPerSecond = Slow, sites.North);
    }

    /// <returns>The last file that the guest was told is durable.</returns>
    private static async Task<int> KillGuestAsync(QemuSite site, Guid machine)
    {
        await site.KillAsync(machine);
        return site.Console(machine).LastWritten;
    }

    /// <summary>The guest finds every file that was told to be durable, none is bad, and it goes on behind them.</summary>
    private static async Task HasAllAsync(GuestConsole console, int last)
    {
        var found = await console.FiguresAsync("VERIFY");
        Assert.Equal((0, 0), (found["bad"], found["missing"]));
        Assert.True(found["last"] >= last, $"The guest was told of file {last} and found {found["last"]}.");
        await console.SaysAsync($"wrote {found["last"] + 1} ");
    }

    private static Task PullingAsync(QemuSite site, MachineRow machine) => TwoQemuSites.UntilAsync(
        () => Task.FromResult(site.Get<IReplicationEngine>().ListProgress().Any(work => work.Machine == machine.Uuid && work.DoneBytes > 0)), "the pull has begun");

    private static Task PulledAsync(QemuSite site, MachineRow machine) => TwoQemuSites.UntilAsync(
        async () => (await site.Get<IStateReader>().FindMachineAsync(machine.Uuid))!.Machine.Boot is null, "the disks are its own");

    private static string[] Overlays(QemuSite site) => Directory.GetDirectories(Path.Combine(site.Data, "overlays"));
}
