using DisasterTolerance.Scenarios.Harness;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>Where stories of recovery begin, with the contents that the disks may have when they end; and how they must end.</summary>
internal static class Stages
{
    public static async Task<(Guest, string[])> StartProtectedAsync(TwoSites world)
    {
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        return (guest, [Flat(guest.Content(world.East))]);
    }

    public static async Task<(Guest, string[])> StartRestorableAsync(TwoSites world)
    {
        var (guest, contents) = await StartProtectedAsync(world);
        guest.Write(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East);
        return (guest, [.. contents, Flat(guest.Content(world.East))]);
    }

    public static async Task<(Guest, string[])> StartMigratedAsync(TwoSites world)
    {
        var (guest, contents) = await StartProtectedAsync(world);
        await world.MigrateAsync(world.East, guest);
        guest.Write(world.West);
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        return (guest, [.. contents, Flat(guest.Content(world.West))]);
    }

    public static async Task<(Guest, string[])> StartInConflictAsync(TwoSites world)
    {
        var (guest, _) = await StartProtectedAsync(world);
        world.Cut();
        await world.UntilAsync(() => !world.West.SeesPeer && !world.East.SeesPeer, TimeSpan.FromHours(3));
        await world.RecoverAsync(world.West, guest);
        guest.Write(world.East);
        guest.Write(world.West);
        await world.HealAsync();
        Assert.NotNull((await world.RowAsync(world.West, guest)).Conflict);
        return (guest, [Flat(guest.Content(world.West))]);
    }

    public static async Task AssertOneRunsItAsync(TwoSites world, Guest guest, string[] contents)
    {
        await world.AdvanceAsync(TimeSpan.FromMinutes(20));
        var row = await world.RowAsync(world.East, guest);
        var owner = row.Ownership.Owner == world.East.Uuid ? world.East : world.West;
        await world.AssertOwnedByAsync(owner, guest);
        Assert.True(contents.Contains(Flat(guest.Content(owner))), $"the disks at '{owner.Name}' hold neither the former nor the wanted bytes{Environment.NewLine}{world.Log.Tell()}");
    }

    public static string OldestPoint(TwoSites world, Guest guest) =>
        world.East.Context.Catalog.QueryPointsAsync(new() { Machine = guest.Uuid, Site = world.East.Uuid }, CancellationToken.None).AsTask().Result.Items[^1].Name;
}
