using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Hypervisors;

namespace DisasterTolerance.Scenarios;

public sealed class TrackerAuditTests
{
    [Fact]
    public async Task Run_TrackerMissesAChange_NoPointIsWrongAndNoRunBelievesItUntilAnOperatorDoes()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East);
        world.East.Machines.SetTracker(guest.At(world.East), TrackerBehavior.Silent);

        var caught = await world.RunAsync(world.East, guest);

        Assert.Contains("the change tracker is not trusted since", caught.ComparedBecause, StringComparison.Ordinal);
        Assert.Contains("were called unchanged since point", caught.ComparedBecause, StringComparison.Ordinal);
        Assert.Equal(guest.Content(world.East), world.Seen.Of((await world.PointsAsync(world.West, guest))[0].Uuid));
        var told = Assert.Single(world.East.Events, happened => happened.Kind == SiteEventKind.TrackerDistrusted);
        Assert.Equal(guest.Uuid, told.Machine);

        // Neither a crash nor a tracker that is honest again changes that; the reason is told every time.
        world.East.Machines.SetTracker(guest.At(world.East), TrackerBehavior.Exact);
        await world.RunAsync(() => world.East.CrashAsync());
        await world.RunAsync(() => world.East.StartAsync());
        await world.WaitForLinkAsync();
        guest.Write(world.East);
        Assert.Equal(caught.ComparedBecause, (await world.RunAsync(world.East, guest)).ComparedBecause);
        Assert.NotNull((await world.RunAsync(() => world.East.State.FindMachineAsync(guest.Uuid)))!.Machine.DistrustedTracker);

        Assert.True(await world.RunAsync(() => world.East.Replication.TrustTrackerAsync(guest.Uuid, "operator anna")));
        guest.Write(world.East);
        Assert.Equal("", (await world.RunAsync(world.East, guest)).ComparedBecause);
        Assert.Equal(guest.Content(world.East), world.Seen.Of((await world.PointsAsync(world.West, guest))[0].Uuid));
        Assert.False(await world.RunAsync(() => world.East.Replication.TrustTrackerAsync(guest.Uuid, "operator ben")));
        var audit = await world.RunAsync(() => world.East.State.ReadAuditAsync(0, 10_000));
        Assert.Contains(audit, entry => entry is { Actor: "operator anna", Action: "tracker.trust" } && entry.Detail.Contains("were called unchanged", StringComparison.Ordinal));
        await new Invariants(world).CheckAsync();
    }
}
