using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;

namespace DisasterTolerance.Scenarios.Recovery;

public sealed class RecoveryFlowTests
{
    [Fact]
    public async Task MigrateAsync_RunningMachine_RunsAtTheOtherSiteWithItsLastBytes()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East);
        var before = Flat(guest.Content(world.East));

        var report = await world.MigrateAsync(world.East, guest);

        Assert.Equal((world.West.Uuid, guest.At(world.West), 2L), (report.Site, report.SiteMachine, report.Epoch));
        Assert.Equal(before, Flat(guest.Content(world.West)));
        await world.AssertOwnedByAsync(world.West, guest);
        Assert.Equal(Procedure.AwaitingConfirmation, (await world.RowAsync(world.West, guest)).Procedure);
    }

    [Fact]
    public async Task MigrateAsync_AskedAtTheOtherSite_IsPassedOnToTheOwner()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);

        await world.MigrateAsync(world.West, guest);

        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Fact]
    public async Task MigrateAsync_ThereConfirmedAndBack_EndsWhereItBegan()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.MigrateAsync(world.East, guest);
        await world.ConfirmAsync(world.East, guest);
        await world.ConfirmAsync(world.West, guest);
        guest.Write(world.West);
        var before = Flat(guest.Content(world.West));

        var back = await world.MigrateAsync(world.West, guest);
        await world.ConfirmAsync(world.East, guest);

        Assert.Equal(before, Flat(guest.Content(world.East)));
        Assert.True(back.WrittenBytes <= 3 * 4096, $"{back.WrittenBytes} bytes were written for 5,000 changed ones");
        await world.AssertOwnedByAsync(world.East, guest);
        Assert.Equal(Procedure.Normal, (await world.RowAsync(world.East, guest)).Procedure);
    }

    [Fact]
    public async Task MigrateAsync_WrongSourceOrRunningWithoutShutoff_IsRefusedAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);

        var running = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(
            () => world.East.Recovery.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, Actor = "test" })));
        var source = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(
            () => world.East.Recovery.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Source = world.West.Uuid, Actor = "test" })));

        Assert.Equal((ErrorCode.MachineRunning, ErrorCode.NotOwner), (running.Code, source.Code));
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task UndoAsync_AfterMigration_StartsTheUnchangedDisksAndKeepsTheBranch()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        var before = Flat(guest.Content(world.East));
        await world.MigrateAsync(world.East, guest);
        guest.Write(world.West);
        var done = Flat(guest.Content(world.West));

        var report = await world.UndoAsync(world.West, guest);

        Assert.Equal((world.East.Uuid, 3L), (report.Site, report.Epoch));
        Assert.Equal(before, Flat(guest.Content(world.East)));
        Assert.Equal(done, await world.ContentOfAsync(world.West, report.KeptPoint!.Value));
        await world.AssertOwnedByAsync(world.East, guest);
        Assert.Equal(Procedure.Normal, (await world.RowAsync(world.East, guest)).Procedure);
    }

    [Fact]
    public async Task UndoAsync_AfterFailover_IsRefused()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        await world.LoseAsync(world.East, guest);
        await world.RecoverAsync(world.West, guest);

        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.UndoAsync(world.West, guest));

        Assert.Equal(ErrorCode.WrongProcedure, refused.Code);
    }

    [Fact]
    public async Task RecoverAsync_OwnerLost_RunsFromTheNewestPointAndTheOldSiteComesBackAsReplica()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var shipped = Flat(guest.Content(world.East));
        guest.Write(world.East);
        var lost = Flat(guest.Content(world.East));
        await world.AdvanceAsync(TimeSpan.FromMinutes(5));
        await world.LoseAsync(world.East, guest);

        var report = await world.RecoverAsync(world.West, guest);
        Assert.Equal(shipped, Flat(guest.Content(world.West)));
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();

        await world.AssertOwnedByAsync(world.West, guest);
        var residual = Assert.Single(await world.PointsAsync(world.East, guest), point => point.Kind == PointKind.Residual);
        Assert.True(residual.Pinned);
        Assert.Equal(lost, await world.ContentOfAsync(world.East, residual.Uuid));
        Assert.Equal(2, report.Epoch);
    }

    [Fact]
    public async Task RecoverAsync_OwnerRunsAndAnswers_IsRefusedUnlessForced()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);

        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RecoverAsync(world.West, guest));
        Assert.Equal(ErrorCode.OwnerAlive, refused.Code);
        await world.RecoverAsync(world.West, guest, force: true);

        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Fact]
    public async Task RecoverAsync_NoPointAtAll_IsRefused()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.LoseAsync(world.East, guest);

        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RecoverAsync(world.West, guest));

        Assert.Equal(ErrorCode.NoRecoveryPoint, refused.Code);
        Assert.Null((await world.RowAsync(world.West, guest)).Pending);
    }

    [Fact]
    public async Task RecoverAsync_AtTheOwner_RestoresInPlaceAndKeepsThePresentState()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        var wanted = await world.RunAsync(world.East, guest);
        var then = Flat(guest.Content(world.East));
        world.East.Machines.ResizeDisk(guest.At(world.East), "disk0", 90_001);
        world.East.Machines.RemoveDisk(guest.At(world.East), "disk1");
        world.East.Machines.AddDisk(guest.At(world.East), new("added", 12_345));
        guest.Write(world.East);
        var present = Flat(guest.Content(world.East));

        var report = await world.RecoverAsync(world.East, guest, wanted.PointName);

        Assert.Equal(then, Flat(guest.Content(world.East)));
        Assert.Equal(present, await world.ContentOfAsync(world.East, report.KeptPoint!.Value));
        await world.AssertOwnedByAsync(world.East, guest);
        var next = await world.RunAsync(world.East, guest);
        Assert.Equal(then, await world.ContentOfAsync(world.West, next.Point));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ResolveConflictAsync_BothSitesRan_TheNamedBranchGoesOnAndTheOtherIsKept(bool winnerIsOldOwner)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        world.Cut();
        await world.UntilAsync(() => !world.West.SeesPeer && !world.East.SeesPeer, TimeSpan.FromHours(3));
        await world.RecoverAsync(world.West, guest);
        guest.Write(world.East);
        guest.Write(world.West);
        await world.AdvanceAsync(TimeSpan.FromHours(3));
        await world.HealAsync();
        var (east, west) = (await world.RowAsync(world.East, guest), await world.RowAsync(world.West, guest));
        Assert.True(east.Conflict is not null && west.Conflict is not null && guest.IsOn(world.East) && guest.IsOn(world.West), world.Log.Tell());
        var winner = winnerIsOldOwner ? world.East : world.West;
        var kept = Flat(guest.Content(winner.Peer));

        await world.ResolveAsync(world.East, guest, winner);

        await world.AssertOwnedByAsync(winner, guest);
        var points = await world.PointsAsync(winner.Peer, guest);
        var residual = Assert.Single(points, point => point.Kind == PointKind.Residual);
        Assert.Equal(kept, await world.ContentOfAsync(winner.Peer, residual.Uuid));
        var forks = (await world.RowAsync(winner.Peer, guest)).Forks;
        var newest = DisasterTolerance.Recovery.BranchRules.NewestUsable(points, forks);
        Assert.True(newest is null || newest.Origin == winner.Uuid || newest.Epoch == 1, $"the losing branch is still the current one: {newest}");
    }

    [Fact]
    public async Task RecoverManyAsync_ThreePriorities_StartInOrder()
    {
        await using var world = await TwoSites.StartAsync();
        var machines = Enumerable.Range(0, 3).Select(_ => world.AddMachine(world.East)).ToArray();
        var plan = Protection.PlanOf(world.East, machines);
        plan = plan with { Machines = [.. plan.Machines.Select((machine, i) => machine with { Priority = (RecoveryPriority)(2 - i) })] };
        var view = await world.RunAsync(() => world.East.Plans.AddAsync(plan));
        var guests = view.Machines.Select(row => world.GuestOf(row, world.East)).ToList();
        foreach (var guest in guests)
        {
            await world.RunAsync(world.East, guest);
        }

        await world.RunAsync(world.East.CrashAsync);
        guests.ForEach(guest => world.East.Machines.SetPower(guest.At(world.East), Hypervisors.PowerState.Off));
        await world.UntilAsync(() => !world.West.SeesPeer, TimeSpan.FromHours(3));
        List<RecoveryRequest> requests = [.. guests.Select(guest => new RecoveryRequest { Machine = guest.Uuid, Actor = "test" }), new RecoveryRequest { Machine = Guid.Empty, Actor = "test" }];

        var outcomes = await world.RunAsync(() => world.West.Recovery.RecoverManyAsync(requests));

        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.None, ErrorCode.NotFound], outcomes.Select(outcome => outcome.Error?.Code ?? ErrorCode.None));
        Assert.Equal(
            guests.OrderBy(guest => view.Machines.Single(row => row.Uuid == guest.Uuid).Priority).Select(guest => guest.At(world.West)),
            world.West.Machines.Starts.Select(start => start.Machine));
    }
}
