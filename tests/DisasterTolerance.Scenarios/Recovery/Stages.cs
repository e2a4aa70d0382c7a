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

    /// <summary>The source is cut off and its machine runs on, while the other site fails over; both are written. The link is still cut.</summary>
    public static async Task<(Guest, string[])> StartSplitAsync(TwoSites world)
    {
        var (guest, _) = await StartProtectedAsync(world);
        world.Cut();
        await world.UntilAsync(() => !world.West.SeesPeer && !world.East.SeesPeer, TimeSpan.FromHours(3));
        await world.RecoverAsync(world.West, guest);
        guest.Write(world.East);
        guest.Write(world.West);
        return (guest, [Flat(guest.Content(world.West))]);
    }

    /// <summary>As <see cref="StartSplitAsync"/>, and the source may stop its machine so as to yield.</summary>
    public static async Task<(Guest, string[])> StartFencedSplitAsync(TwoSites world)
    {
        world.East.Engine = engine => engine.FenceOnYield = true;
        await world.RunAsync(world.East.StopAsync);
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();
        return await StartSplitAsync(world);
    }

    public static async Task<(Guest, string[])> StartInConflictAsync(TwoSites world)
    {
        var (guest, contents) = await StartSplitAsync(world);
        await world.HealAsync();
        Assert.NotNull((await world.RowAsync(world.West, guest)).Conflict);
        return (guest, contents);
    }

    public static async Task AssertOneRunsItAsync(TwoSites world, Guest guest, string[] contents)
    {
        await world.AdvanceAsync(TimeSpan.FromMinutes(20));
        var row = await world.RowAsync(world.East, guest);
        var owner = row.Ownership.Owner == world.East.Uuid ? world.East : world.West;
        await world.AssertOwnedByAsync(owner, guest);
        Assert.True(contents.Contains(Flat(guest.Content(owner))), $"the disks at '{owner.Name}' hold neither the former nor the wanted bytes{Environment.NewLine}{world.Log.Tell()}");
    }

    /// <summary>The site that took over runs it, and the one that was fenced keeps what its own disks hold as a pinned residual point.</summary>
    public static async Task AssertFencedAsync(TwoSites world, Guest guest, string[] contents)
    {
        await AssertOneRunsItAsync(world, guest, contents);
        Assert.True(guest.IsOn(world.West), world.Log.Tell());
        var residual = (await world.PointsAsync(world.East, guest)).Where(point => point.Kind == DisasterTolerance.Catalog.PointKind.Residual).MaxBy(point => point.Sequence);
        Assert.True(residual is { Pinned: true }, world.Log.Tell());
        Assert.Equal(Flat(guest.Content(world.East)), await world.ContentOfAsync(world.East, residual.Uuid));
    }

    public static string OldestPoint(TwoSites world, Guest guest) =>
        world.East.Context.Catalog.QueryPointsAsync(new() { Machine = guest.Uuid, Site = world.East.Uuid }, CancellationToken.None).AsTask().Result.Items[^1].Name;
}
