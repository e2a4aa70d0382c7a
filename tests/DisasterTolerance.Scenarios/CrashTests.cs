using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Scenarios;

public sealed class CrashTests
{
    public static TheoryData<string, FaultPoint> Moments() => new()
    {
        { "Hypervisor.TakeSnapshot", FaultPoint.After },
        { "Snapshot.Read", FaultPoint.Inside },
        { "Storage.Append", FaultPoint.Inside },
        { "Storage.Flush", FaultPoint.Before },
        { "Storage.Flush", FaultPoint.After },
        { "Catalog.Commit", FaultPoint.Before },
        { "Catalog.Commit", FaultPoint.After },
        { "Hypervisor.ReleaseSnapshot", FaultPoint.Before },
        { "Link.Connect", FaultPoint.After },
    };

    [Theory]
    [MemberData(nameof(Moments))]
    public async Task Run_OwnerCrashesInside_TheNextRunGoesOn(string operation, FaultPoint point)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East);
        world.East.Faults.Add(new Fault { Operation = operation, Point = point, Kind = FaultKind.Crash });
        await world.AdvanceAsync(TimeSpan.FromHours(1.5));
        Assert.False(world.East.IsRunning);

        await world.RunAsync(() => world.East.StartAsync());
        await world.WaitForLinkAsync();
        guest.Write(world.East);
        await world.AdvanceAsync(TimeSpan.FromHours(1.5));
        Assert.Equal(guest.Content(world.East), world.Seen.Of((await world.PointsAsync(world.West, guest))[0].Uuid));
        await new Invariants(world).CheckAsync();
    }

    [Theory]
    [InlineData("Storage.Append", FaultPoint.Inside)]
    [InlineData("Storage.Flush", FaultPoint.After)]
    [InlineData("Catalog.Commit", FaultPoint.Before)]
    [InlineData("Catalog.Commit", FaultPoint.After)]
    public async Task Run_ReplicaCrashesInside_ThePointArrivesLater(string operation, FaultPoint point)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East);
        world.West.Faults.Add(new Fault { Operation = operation, Point = point, Kind = FaultKind.Crash });
        await world.AdvanceAsync(TimeSpan.FromHours(1.5));
        Assert.False(world.West.IsRunning);

        await world.RunAsync(() => world.West.StartAsync());
        await world.WaitForLinkAsync();
        await world.AdvanceAsync(TimeSpan.FromMinutes(20));
        Assert.Equal((await world.PointsAsync(world.East, guest)).Select(p => p.Uuid), (await world.PointsAsync(world.West, guest)).Select(p => p.Uuid));
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Start_OnYesterdaysCatalog_HarmsNothingUntilThePeerIsHeard()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var yesterday = world.East.CatalogFile.Fork();
        await world.AdvanceAsync(TimeSpan.FromHours(5));
        await world.RunAsync(() => world.East.StopAsync());
        var before = (await world.PointsAsync(world.West, guest)).Count;
        world.East.CatalogFile.RestoreFrom(yesterday);
        world.Cut();
        await world.RunAsync(() => world.East.StartAsync());
        await world.AdvanceAsync(TimeSpan.FromHours(5));

        Assert.True(world.East.State.Site.IsUnsure);
        Assert.Contains(world.East.Events, e => e.Kind == SiteEventKind.Unsure);
        Assert.Single(await world.PointsAsync(world.East, guest));
        Assert.Equal(ErrorCode.Unsure, (await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(world.East, guest))).Code);
        Assert.Equal(ErrorCode.Unsure, (await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(() => world.East.Replication.SweepAsync()))).Code);

        await world.HealAsync();
        await world.AdvanceAsync(TimeSpan.FromMinutes(5));
        Assert.False(world.East.State.Site.IsUnsure);
        await world.RunAsync(world.East, guest);
        Assert.True((await world.PointsAsync(world.West, guest)).Count >= Math.Min(before, 5));
        await new Invariants(world).CheckAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_OnYesterdaysCatalog_ThePointsOfTheStoreComeBackBeforeAnySweep(bool isPeerThere)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 20 });
        await world.RunAsync(world.East, guest);
        var yesterday = world.East.CatalogFile.Fork();
        for (var run = 0; run < 3; run++)
        {
            guest.Write(world.East);
            await world.RunAsync(world.East, guest);
        }

        // One that the peer never heard of.
        world.Cut();
        guest.Write(world.East);
        Assert.Equal(ErrorCode.PeerUnreachable, (await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(world.East, guest))).Code);
        var known = (await world.PointsAsync(world.East, guest)).Select(point => point.Uuid).ToList();
        await world.RunAsync(() => world.East.StopAsync());
        world.East.CatalogFile.RestoreFrom(yesterday);
        await world.RunAsync(() => world.East.StartAsync());
        Assert.Single(await world.PointsAsync(world.East, guest));

        if (isPeerThere)
        {
            await world.HealAsync();
        }
        else
        {
            await world.RunAsync(() => world.East.Recovery.AssumeOwnerAsync("test"));
        }

        Assert.False(world.East.State.Site.IsUnsure);
        await world.RunAsync(() => world.East.Replication.SweepAsync());
        Assert.Equal(known, (await world.PointsAsync(world.East, guest)).Select(point => point.Uuid).Where(known.Contains));
        world.Heal();
        await world.WaitForLinkAsync();
        guest.Write(world.East);
        await world.RunAsync(world.East, guest);
        Assert.Equal(guest.Content(world.East), world.Seen.Of((await world.PointsAsync(world.West, guest))[0].Uuid));
        Assert.Contains(known[0], (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid));
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Start_UnsureSiteThatWasKilledAfterItHeardSomething_IsUnsureAgain()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var yesterday = world.East.CatalogFile.Fork();
        await world.RunAsync(world.East, guest);
        await world.RunAsync(() => world.East.StopAsync());
        var mark = world.East.CatalogFile.Sequence;
        world.East.CatalogFile.RestoreFrom(yesterday);
        world.Cut();
        await world.RunAsync(() => world.East.StartAsync());
        while (world.East.CatalogFile.Sequence <= mark)
        {
            await world.RunAsync(() => world.East.Plans.SetPausedAsync(guest.Uuid, world.East.CatalogFile.Sequence % 2 == 0, "test"));
        }

        await world.RunAsync(() => world.East.CrashAsync());
        await world.RunAsync(() => world.East.StartAsync());

        Assert.True(world.East.State.Site.IsUnsure);
    }
}
