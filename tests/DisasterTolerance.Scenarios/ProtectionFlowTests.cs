using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Scenarios.Recovery;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Scenarios;

/// <summary>Whole stories: what an operator lives through from the loss of a site to the way back.</summary>
public sealed class ProtectionFlowTests
{
    [Fact]
    public async Task Failover_MasterReturns_ProtectionGoesBackWithOnlyTheDifference()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, disks: [new("disk0", 1_500_000)]);
        await world.RunAsync(world.East, guest);
        await world.LoseAsync(world.East, guest);
        await world.RecoverAsync(world.West, guest);
        guest.Write(world.West, 5_000);
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();
        await world.ConfirmAsync(world.West, guest);
        await world.ConfirmAsync(world.West, guest);
        var back = await world.RunAsync(world.West, guest);

        Assert.InRange(back.ShippedChunks, 1, 3);
        Assert.InRange(back.WireBytes, 1, 40_000);
        Assert.Equal(Recoveries.Flat(guest.Content(world.West)), await world.ContentOfAsync(world.East, back.Point));
        await world.MigrateAsync(world.West, guest);
        await world.ConfirmAsync(world.East, guest);
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task Failover_SourceHadUnshippedPoints_TheyStayReadableAsItsOwnBranch()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        world.Cut();
        guest.Write(world.East);
        await world.AdvanceAsync(TimeSpan.FromHours(1.5));
        var unshipped = (await world.PointsAsync(world.East, guest))[0];
        guest.Write(world.East);
        var last = Recoveries.Flat(guest.Content(world.East));
        await world.LoseAsync(world.East, guest);
        await world.RecoverAsync(world.West, guest);
        await world.ConfirmAsync(world.West, guest);
        world.Heal();
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();
        await world.AdvanceAsync(TimeSpan.FromDays(1));

        var kept = await world.PointsAsync(world.East, guest);
        Assert.Equal(last, await world.ContentOfAsync(world.East, kept.Single(point => point.Kind == PointKind.Residual).Uuid));
        await world.AssertOwnedByAsync(world.West, guest);
        Assert.DoesNotContain(unshipped.Uuid, (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid));
    }

    [Theory]
    [InlineData("TargetDisk.Write")]
    [InlineData("Hypervisor.Register")]
    public async Task Migrate_FailsBeforeTheHandOver_LeavesTheSourceRunning(string operation)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        world.West.Faults.Add(new Fault { Operation = operation, Kind = FaultKind.Error, Times = int.MaxValue });
        var before = guest.Content(world.East);

        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.MigrateAsync(world.East, guest));

        Assert.True(guest.IsOn(world.East));
        Assert.Equal(before, guest.Content(world.East));
        world.West.Faults.VerifyAllFired();
        world.West.Faults.Clear();
        await world.AssertOwnedByAsync(world.East, guest);
        await world.MigrateAsync(world.East, guest);
        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Fact]
    public async Task Undo_SourceRanInAConflictMeanwhile_IsRefused()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        await world.MigrateAsync(world.East, guest);
        await world.AdvanceAsync(TimeSpan.FromMinutes(10));
        world.Cut();
        await world.UntilAsync(() => !world.East.SeesPeer, TimeSpan.FromMinutes(5));
        await world.RecoverAsync(world.East, guest);
        guest.Write(world.East);
        guest.Write(world.West);
        await world.AdvanceAsync(TimeSpan.FromHours(2));
        await world.HealAsync();
        await world.ResolveAsync(world.West, guest, world.West);
        var wanted = guest.Content(world.West);

        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.UndoAsync(world.West, guest));

        Assert.Equal(ErrorCode.WrongProcedure, refused.Code);
        Assert.Equal(wanted, guest.Content(world.West));
        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Fact]
    public async Task AssumeOwner_UnsureSiteWithoutItsPeer_WorksOn()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var yesterday = world.East.CatalogFile.Fork();
        await world.AdvanceAsync(TimeSpan.FromHours(3));
        await world.RunAsync(world.East.StopAsync);
        await world.RunAsync(world.West.CrashAsync);
        world.East.CatalogFile.RestoreFrom(yesterday);
        await world.RunAsync(world.East.StartAsync);
        Assert.True(world.East.State.Site.IsUnsure);

        await world.RunAsync(() => world.East.Recovery.AssumeOwnerAsync("operator", CancellationToken.None));
        Assert.False(world.East.State.Site.IsUnsure);
        guest.Write(world.East);
        await world.AdvanceAsync(TimeSpan.FromHours(2));
        Assert.True((await world.PointsAsync(world.East, guest)).Count > 1);
        Assert.Contains(await world.RunAsync(() => world.East.State.ReadAuditAsync(0, 1000)), entry => entry is { Action: "site.assume", Actor: "operator" });

        await world.RunAsync(world.West.StartAsync);
        await world.WaitForLinkAsync();
        await world.AdvanceAsync(TimeSpan.FromHours(2));
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task AwaitingConfirmation_ForADay_RaisesAnAlertAndNeverConfirmsByItself()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { Interval = TimeSpan.FromHours(6), Rpo = TimeSpan.FromHours(12) });
        await world.RunAsync(world.East, guest);
        await world.MigrateAsync(world.East, guest);
        await world.AdvanceAsync(TimeSpan.FromHours(26));

        Assert.Contains(world.West.Events, e => e.Kind == SiteEventKind.ConfirmationOverdue);
        Assert.Equal(Procedure.AwaitingConfirmation, (await world.RowAsync(world.West, guest)).Procedure);
        Assert.Contains(await world.PointsAsync(world.West, guest), point => point.Origin == world.West.Uuid);
        Assert.DoesNotContain(await world.PointsAsync(world.East, guest), point => point.Origin == world.West.Uuid);
    }
}
