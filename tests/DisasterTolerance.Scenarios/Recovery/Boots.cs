using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>Where stories of instant boot begin, and how they must end.</summary>
internal static class Boots
{
    /// <summary>A world in which the west can start machines from exports.</summary>
    public static Task<TwoSites> StartAsync(int seed = 1) => TwoSites.StartAsync(seed, world => world.West.BootsInstantly = true);

    /// <summary>The source is lost with its machine, of which the west has a point.</summary>
    public static async Task<Guest> LoseEastAsync(TwoSites world)
    {
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        await world.LoseAsync(world.East, guest);
        return guest;
    }

    /// <summary>The machine runs in the west from exports, and none of its data is on disks of its own yet.</summary>
    public static async Task<(Guest Guest, RecoveryReport Report)> FailOverAsync(TwoSites world)
    {
        var guest = await LoseEastAsync(world);
        return (guest, await world.RecoverAsync(world.West, guest));
    }

    public static async Task<BootState?> BootAsync(this TwoSites world, Guest guest) => (await world.RowAsync(world.West, guest)).Boot;

    public static Task PullAsync(this TwoSites world, Guest guest) => world.UntilAsync(() => !IsBooting(world, guest), TimeSpan.FromHours(3));

    /// <summary>All of the machine's data is on disks of its own in the west, they hold what the guest wrote, and nothing is left of the boot.</summary>
    public static async Task AssertPulledAsync(this TwoSites world, Guest guest, string content)
    {
        await world.PullAsync(guest);
        Assert.Empty(world.West.Machines.ListExported(guest.At(world.West)));
        Assert.Equal(0, world.West.Overlays.Count);
        Assert.Equal(content, Flat(guest.Content(world.West)));
    }

    public static bool IsBooting(TwoSites world, Guest guest) =>
        world.West.Context.Catalog.FindMachineAsync(guest.Uuid, CancellationToken.None).AsTask().Result?.Boot is not null;
}
