using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;
using static DisasterTolerance.Scenarios.Recovery.Boots;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>
/// Kills the site that boots a machine from exports at every call, one after the other, while the guest writes whenever it can, and starts it again. In the end the machine runs there alone, its disks
/// hold every write that the guest was told to be flushed, and nothing is left of the boot.
/// </summary>
public sealed class InstantBootCrashTests
{
    private const int MostCalls = 400;
    private const int Writes = 12;

    public static TheoryData<string, FaultPoint, FaultKind> Steps { get; } = new(
        from operation in (string[])["Catalog.Commit", "Hypervisor.*", "Exports.*", "Export.*"]
        from point in (FaultPoint[])[FaultPoint.Before, FaultPoint.After]
        from kind in (FaultKind[])[FaultKind.Crash, FaultKind.Error]
        select (operation, point, kind));

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task RecoverAsync_HurtAtAnyCallOfABootAndItsPull_KeepsEveryFlushedWrite(string operation, FaultPoint point, FaultKind kind)
    {
        var call = 1;
        for (; call <= MostCalls; call++)
        {
            await using var world = await StartAsync(seed: call);
            var guest = await LoseEastAsync(world);
            var flushed = new FlushedDisks(world, guest);
            var victim = world.West;
            victim.Faults.Add(new Fault { Operation = operation, Point = point, Kind = kind, OnCall = call });
            await TryRecoverAsync(world, guest);
            await flushed.WriteAsync(Writes, TimeSpan.FromSeconds(3));
            var isReached = victim.Faults.IsCrashed || victim.Faults.Unfired.Count == 0;
            if (!victim.IsRunning || victim.Faults.IsCrashed)
            {
                await world.RunAsync(victim.CrashAsync);
                await world.RunAsync(victim.StartAsync);
                await AssertServedFirstAsync(world, guest);
            }

            await flushed.WriteAsync(Writes, TimeSpan.FromSeconds(3));
            await world.AdvanceAsync(TimeSpan.FromMinutes(10));
            if (!guest.Exists(victim) || !guest.IsOn(victim))
            {
                await TryRecoverAsync(world, guest);
            }

            await world.AssertPulledAsync(guest, flushed.Content);
            victim.Faults.Clear();
            await world.RunAsync(world.East.StartAsync);
            await world.WaitForLinkAsync();
            await world.AssertOwnedByAsync(victim, guest);
            if (!isReached)
            {
                break;
            }
        }

        Assert.InRange(call, 2, MostCalls);
    }

    [Fact]
    public async Task Start_SiteKilledOverAndOver_GoesOnWithThePullEachTime()
    {
        await using var world = await StartAsync();
        var (guest, _) = await FailOverAsync(world);
        var flushed = new FlushedDisks(world, guest);
        for (var life = 0; life < 6; life++)
        {
            await flushed.WriteAsync(2, TimeSpan.FromSeconds(1 + life));
            await world.RunAsync(life % 2 == 0 ? world.West.CrashAsync : world.West.StopAsync);
            await flushed.WriteAsync(2, TimeSpan.FromSeconds(1));
            await world.RunAsync(world.West.StartAsync);
            await AssertServedFirstAsync(world, guest);
        }

        await flushed.WriteAsync(Writes, TimeSpan.FromSeconds(3));
        await world.AssertPulledAsync(guest, flushed.Content);
        Assert.Equal(1, world.Starts.Count);
    }

    [Fact]
    public async Task Start_HostOfTheGuestAndSiteLost_BootsAgainWithWhatWasFlushed()
    {
        await using var world = await StartAsync();
        var (guest, _) = await FailOverAsync(world);
        var flushed = new FlushedDisks(world, guest);
        await flushed.WriteAsync(4, TimeSpan.FromSeconds(2));
        await world.RunAsync(world.West.CrashAsync);
        guest.Off(world.West);
        await world.RunAsync(world.West.StartAsync);
        Assert.Equal(flushed.Content, Flat(guest.Content(world.West)));
        await world.RunAsync(() => world.West.Machines.StartAsync(guest.At(world.West), null, CancellationToken.None));
        await flushed.WriteAsync(4, TimeSpan.FromSeconds(2));
        await world.AssertPulledAsync(guest, flushed.Content);
    }

    [Fact]
    public async Task Start_OverlayMissing_ServesNothingInItsPlaceAndSaysSo()
    {
        await using var world = await StartAsync();
        var (guest, report) = await FailOverAsync(world);
        var boot = (await world.BootAsync(guest))!;
        await world.RunAsync(world.West.CrashAsync);
        world.West.Overlays.Delete(boot.Run);
        await world.RunAsync(world.West.StartAsync);
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, world.West.Overlays.Count);
        Assert.Contains("is missing", (await world.BootAsync(guest))!.Error, StringComparison.Ordinal);

        await world.RecoverAsync(world.West, guest, force: true);
        await world.AssertPulledAsync(guest, Flat(world.Seen.Of(report.Point)));
    }

    private static async Task TryRecoverAsync(TwoSites world, Guest guest)
    {
        try
        {
            await world.RecoverAsync(world.West, guest);
        }
        catch (Exception e) when (e is DisasterToleranceException or SimulatedCrashException or TimeoutException or OperationCanceledException)
        {
            world.Log.Note("test", $"=== {e.GetType().Name}: {e.Message}");
        }
    }

    /// <summary>A machine that uses exports finds them as soon as the site has started.</summary>
    private static async Task AssertServedFirstAsync(TwoSites world, Guest guest)
    {
        var row = await world.RowAsync(world.West, guest);
        if (row.Boot is { Stage: not DisasterTolerance.Catalog.BootStage.Leaving } && guest.Exists(world.West))
        {
            Assert.NotEmpty(guest.Content(world.West));
        }
    }
}
