using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Tests.Guest;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>A real guest moves under load, and loses nothing that it was told is durable.</summary>
public sealed class MigrationTests
{
    private const long Mebibyte = 1 << 20;

    [Fact]
    public async Task Migrate_UnderLoadThereAndBack_LosesNothing()
    {
        var (sites, guest, machine) = await StartAsync();
        await using var held = sites;
        var console = sites.North.Console(guest);

        var there = await sites.North.Get<IRecoveryService>().MigrateAsync(new() { Machine = machine.Uuid, AutoShutoff = true, Actor = "test" });
        var last = console.LastWritten;
        var south = sites.South.Console(there.SiteMachine);
        await HasAllAsync(south, last);

        await sites.South.Get<IRecoveryService>().ConfirmAsync(machine.Uuid, "test");
        await south.WritesAsync(5);
        var back = await TwoQemuSites.RunAsync(sites.South, machine);
        Assert.Equal("", back.NotShippedBecause);
        Assert.True(back.WireBytes < there.DiskBytes / 4, $"{back.WireBytes} bytes went back of {there.DiskBytes}.");

        var home = await sites.South.Get<IRecoveryService>().MigrateAsync(new() { Machine = machine.Uuid, AutoShutoff = true, Actor = "test" });
        last = south.LastWritten;
        Assert.Equal(guest, home.SiteMachine);
        await HasAllAsync(sites.North.Console(guest), last);
        Assert.Equal(PowerState.Off, (await sites.South.Hypervisor.FindMachineAsync(there.SiteMachine, default))!.Power);
    }

    [Fact]
    public async Task Undo_BeforeConfirm_TheSourceGoesOnAndTheBranchIsAPoint()
    {
        var (sites, guest, machine) = await StartAsync();
        await using var held = sites;
        var console = sites.North.Console(guest);
        var there = await sites.North.Get<IRecoveryService>().MigrateAsync(new() { Machine = machine.Uuid, AutoShutoff = true, Actor = "test" });
        var last = console.LastWritten;
        await sites.South.Console(there.SiteMachine).WritesAsync(5);

        var undone = await sites.South.Get<IRecoveryService>().UndoAsync(machine.Uuid, "test");

        await HasAllAsync(sites.North.Console(guest), last);
        Assert.Equal(PowerState.Off, (await sites.South.Hypervisor.FindMachineAsync(there.SiteMachine, default))!.Power);
        var kept = Assert.Single(await TwoQemuSites.PointsAsync(sites.South, machine), point => point.Uuid == undone.KeptPoint);
        Assert.NotEqual(PointKind.Regular, kept.Kind);
        await sites.North.Console(guest).WritesAsync(2);
    }

    private static async Task<(TwoQemuSites Sites, Guid Guest, MachineRow Machine)> StartAsync()
    {
        var image = await GuestImage.NeedAsync();
        var sites = await TwoQemuSites.StartAsync();
        try
        {
            var guest = await sites.North.CreateAsync(image, "mode=serve kib=64 pause=20", (QemuDiskFormat.Qcow2, 256 * Mebibyte));
            await sites.North.Hypervisor.StartAsync(guest, null, default);
            await sites.North.Console(guest).SaysAsync("wrote 10 ");
            return (sites, guest, await sites.ProtectAsync(guest));
        }
        catch
        {
            await sites.DisposeAsync();
            throw;
        }
    }

    /// <summary>The guest found every file that another one was told is durable, and goes on behind it.</summary>
    private static async Task HasAllAsync(GuestConsole console, int last)
    {
        var found = await console.FiguresAsync("VERIFY");
        Assert.Equal((0, 0), (found["bad"], found["missing"]));
        Assert.InRange(found["last"], last, last + 1);
        await console.SaysAsync($"wrote {found["last"] + 1} ");
    }
}
