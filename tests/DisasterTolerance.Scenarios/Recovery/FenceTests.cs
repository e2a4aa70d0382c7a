using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Sites;
using DisasterTolerance.Testing.Faults;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;
using static DisasterTolerance.Scenarios.Recovery.Stages;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>A source that was only cut off: its machine ran on while the other site took over. What becomes of it when the link heals, with <see cref="EngineOptions.FenceOnYield"/> and without.</summary>
public sealed class FenceTests
{
    [Fact]
    public async Task Heal_SourceMayBeFenced_IsStoppedKeepsItsLastStateAndBecomesTheReplica()
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartSplitAsync(world);
        var last = "";
        world.East.Faults.Add(new Fault
        {
            Operation = "Hypervisor.ShutDown",
            Kind = FaultKind.Action,
            Action = _ =>
            {
                // A guest that goes down in order writes what it still has in memory.
                guest.Write(world.East);
                last = Flat(guest.Content(world.East));
                return ValueTask.CompletedTask;
            },
        });
        await world.HealAsync();

        world.East.Faults.VerifyAllFired();
        await world.AssertOwnedByAsync(world.West, guest);
        var residual = await ResidualAsync(world, guest);
        Assert.Equal(last, await world.ContentOfAsync(world.East, residual.Uuid));
        Assert.Equal((Procedure.AwaitingConfirmation, ""), Shown(await world.RowAsync(world.East, guest)));
        Assert.DoesNotContain(world.Sites.SelectMany(site => site.Events), e => e.Kind == SiteEventKind.Conflict);
        var runs = await world.RunAsync(() => world.East.Context.Catalog.ListRunsAsync(guest.Uuid, 10, CancellationToken.None));
        Assert.Equal(ErrorCode.None, Assert.Single(runs, run => run.Kind == "yield").Outcome);

        await world.ConfirmAsync(world.West, guest);
        var back = await world.RunAsync(world.West, guest);
        Assert.Equal(Flat(guest.Content(world.West)), await world.ContentOfAsync(world.East, back.Point));
        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Heal_SourceMayNotBeFenced_ConflictAndNothingIsStopped(bool isWinnerOptionOn)
    {
        await using var world = await TwoSites.StartAsync(configure: w => w.West.Engine = engine => engine.FenceOnYield = isWinnerOptionOn);
        var (guest, _) = await StartSplitAsync(world);
        await world.HealAsync();
        await world.AdvanceAsync(TimeSpan.FromMinutes(20));

        await AssertInConflictAsync(world, guest);
        Assert.Equal(["east", "west"], world.Sites.Where(site => site.Events.Any(e => e.Kind == SiteEventKind.Conflict)).Select(site => site.Name));
    }

    [Fact]
    public async Task Heal_FencedSourceHadUnshippedPointsFromBefore_TheyStayReadableBesideItsLastState()
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartProtectedAsync(world);
        world.Cut();
        guest.Write(world.East);
        await world.AdvanceAsync(TimeSpan.FromMinutes(90));
        var unshipped = (await world.PointsAsync(world.East, guest))[0];
        await world.RecoverAsync(world.West, guest);
        guest.Write(world.East);
        var last = Flat(guest.Content(world.East));
        await world.HealAsync();

        await world.AssertOwnedByAsync(world.West, guest);
        Assert.Equal(last, await world.ContentOfAsync(world.East, (await ResidualAsync(world, guest)).Uuid));
        Assert.Contains(unshipped.Uuid, (await world.PointsAsync(world.East, guest)).Select(point => point.Uuid));
        Assert.DoesNotContain(unshipped.Uuid, (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid));
    }

    [Fact]
    public async Task Heal_FencedSourceHasBegunToYieldAndItsClockIsSetBack_IsNoConflictForThat()
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartProtectedAsync(world);
        world.Cut();
        await world.AdvanceAsync(TimeSpan.FromMinutes(90));
        await world.RecoverAsync(world.West, guest);
        Refuse(world, guest);
        await world.HealAsync();
        Assert.NotNull((await world.RowAsync(world.East, guest)).Pending);

        // By this clock the point that was captured before the takeover is from after it.
        world.East.Skew = TimeSpan.FromHours(-2);
        await world.RunAsync(world.East.StopAsync);
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();

        await world.AssertOwnedByAsync(world.West, guest);
        await ResidualAsync(world, guest);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Heal_SourceCapturedAfterTheTakeover_ConflictAllTheSameUntilAnOwnerIsNamed(bool winnerIsOldOwner)
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartSplitAsync(world);
        await world.AdvanceAsync(TimeSpan.FromHours(2));
        guest.Write(world.East);
        await world.HealAsync();
        await world.AdvanceAsync(TimeSpan.FromMinutes(20));
        await AssertInConflictAsync(world, guest);
        Assert.Contains("captured", (await world.RowAsync(world.East, guest)).Conflict!.Because, StringComparison.Ordinal);
        foreach (var site in world.Sites)
        {
            Assert.Contains(await world.PointsAsync(site, guest), point => point.Origin == site.Uuid && point.Began > world.Now - TimeSpan.FromHours(3));
        }

        var winner = winnerIsOldOwner ? world.East : world.West;
        var lost = Flat(guest.Content(winner.Peer));
        await world.ResolveAsync(world.West, guest, winner);

        await world.AssertOwnedByAsync(winner, guest);
        var residual = Assert.Single(await world.PointsAsync(winner.Peer, guest), point => point.Kind == PointKind.Residual);
        Assert.Equal(lost, await world.ContentOfAsync(winner.Peer, residual.Uuid));
    }

    [Theory]
    [InlineData("the hypervisor is repaired")]
    [InlineData("an operator stops it")]
    [InlineData("the option is taken back")]
    public async Task Heal_HypervisorRefusesToStopTheSource_IsToldAndTriedAgainAndNobodyElseOwnsIt(string end)
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartSplitAsync(world);
        Refuse(world, guest);
        await world.HealAsync();
        await world.AdvanceAsync(TimeSpan.FromHours(3));

        var row = await world.RowAsync(world.East, guest);
        Assert.Equal(Procedure.Failed, row.Procedure);
        Assert.Contains("locked by a backup", row.LastError, StringComparison.Ordinal);
        Assert.Contains("shut it down", row.LastError, StringComparison.OrdinalIgnoreCase);
        Assert.Single(world.East.Events, e => e.Kind == SiteEventKind.RunFailed && e.Message.Contains("locked by a backup", StringComparison.Ordinal));
        Assert.True(world.East.Faults.CountCalls("Hypervisor.ShutDown") > 10, world.Log.Tell());
        await AssertOnlyWestMayActAsync(world, guest);

        switch (end)
        {
            case "the hypervisor is repaired":
                world.East.Faults.Clear();
                break;
            case "an operator stops it":
                guest.Off(world.East);
                break;
            default:
                world.East.Engine = null;
                await world.RunAsync(world.East.StopAsync);
                await world.RunAsync(world.East.StartAsync);
                await world.WaitForLinkAsync();
                await AssertInConflictAsync(world, guest);
                Assert.Equal((Procedure.Conflict, ""), Shown(await world.RowAsync(world.East, guest)));
                return;
        }

        var last = Flat(guest.Content(world.East));
        await world.AdvanceAsync(TimeSpan.FromMinutes(10));
        await world.AssertOwnedByAsync(world.West, guest);
        Assert.Equal(last, await world.ContentOfAsync(world.East, (await ResidualAsync(world, guest)).Uuid));
        Assert.Equal((Procedure.AwaitingConfirmation, ""), Shown(await world.RowAsync(world.East, guest)));
    }

    [Fact]
    public async Task ResolveConflictAsync_HypervisorRefusesToStopTheLoser_IsToldAndTriedAgain()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartInConflictAsync(world);
        Refuse(world, guest);

        await Assert.ThrowsAsync<HypervisorException>(() => world.ResolveAsync(world.East, guest, world.West));

        var row = await world.RowAsync(world.East, guest);
        Assert.Equal(Procedure.Failed, row.Procedure);
        Assert.Contains("locked by a backup", row.LastError, StringComparison.Ordinal);
        await world.AdvanceAsync(TimeSpan.FromMinutes(30));
        Assert.Null((await world.RowAsync(world.West, guest)).Conflict);
        Assert.True(guest.IsOn(world.East));
        world.East.Faults.Clear();
        await world.AdvanceAsync(TimeSpan.FromMinutes(10));
        await world.AssertOwnedByAsync(world.West, guest);
        await ResidualAsync(world, guest);
    }

    [Fact]
    public async Task Heal_StopOfTheSourceHangs_IsGivenUpInTimeAndTriedAgain()
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartSplitAsync(world);
        world.East.Faults.Add(new Fault { Operation = "Hypervisor.ShutDown", Kind = FaultKind.Delay, Delay = Timeout.InfiniteTimeSpan });
        await world.HealAsync();
        await world.UntilAsync(() => world.East.Events.Any(e => e.Kind == SiteEventKind.RunFailed), TimeSpan.FromMinutes(10));

        await world.AdvanceAsync(TimeSpan.FromMinutes(10));
        await world.AssertOwnedByAsync(world.West, guest);
        await ResidualAsync(world, guest);
    }

    [Fact]
    public async Task Heal_SourceStartedAgainBeforeItFollowed_KeepsWhatItHadLast()
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartSplitAsync(world);
        world.East.Faults.Add(new Fault { Operation = "Catalog.Commit", Subject = IsYieldsEnd, Times = int.MaxValue });
        await world.HealAsync();
        await world.UntilAsync(() => world.East.DurablePoints(guest.Uuid).Any(point => point.Kind == PointKind.Residual), TimeSpan.FromMinutes(10));
        await world.AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.False(guest.IsOn(world.East));

        world.East.Machines.SetPower(guest.At(world.East), PowerState.On);
        guest.Write(world.East);
        var last = Flat(guest.Content(world.East));
        world.East.Faults.VerifyAllFired();
        world.East.Faults.Clear();
        await world.AdvanceAsync(TimeSpan.FromMinutes(10));

        await world.AssertOwnedByAsync(world.West, guest);
        var newest = (await world.PointsAsync(world.East, guest)).Where(point => point.Kind == PointKind.Residual).MaxBy(point => point.Sequence)!;
        Assert.True(newest.Pinned);
        Assert.Equal(last, await world.ContentOfAsync(world.East, newest.Uuid));
    }

    [Fact]
    public async Task Heal_HypervisorDoesNotSayWhetherTheSourceRuns_IsToldAndDecidedWhenItDoes()
    {
        await using var world = await StartAsync();
        var (guest, _) = await StartSplitAsync(world);
        world.East.Machines.SetPower(guest.At(world.East), PowerState.Unknown);
        await world.HealAsync();
        await world.AdvanceAsync(TimeSpan.FromMinutes(20));

        var row = await world.RowAsync(world.East, guest);
        Assert.Equal(Procedure.Failed, row.Procedure);
        Assert.Contains("does not say whether it runs", row.LastError, StringComparison.Ordinal);
        Assert.Equal(0, world.East.Faults.CountCalls("Hypervisor.ShutDown"));

        world.East.Machines.SetPower(guest.At(world.East), PowerState.On);
        await world.AdvanceAsync(TimeSpan.FromMinutes(10));
        await world.AssertOwnedByAsync(world.West, guest);
        Assert.Equal((Procedure.AwaitingConfirmation, ""), Shown(await world.RowAsync(world.East, guest)));
    }

    private static Task<TwoSites> StartAsync() => TwoSites.StartAsync(configure: world => world.East.Engine = engine => engine.FenceOnYield = true);

    private static void Refuse(TwoSites world, Guest guest) => world.East.Faults.Add(new Fault
    {
        Operation = "Hypervisor.ShutDown",
        Times = int.MaxValue,
        Error = () => new HypervisorException(ErrorCode.HypervisorFailed, guest.At(world.East), "The machine is locked by a backup."),
    });

    // The commit that ends the work of yielding is the one with the record of it.
    private static bool IsYieldsEnd(string changes) => changes.Contains(nameof(CatalogChange.PutRun), StringComparison.Ordinal);

    private static (Procedure Procedure, string Error) Shown(MachineRow row) => (row.Procedure, row.LastError);

    /// <summary>The one residual point of the old owner, which nothing removes.</summary>
    private static async Task<PointRow> ResidualAsync(TwoSites world, Guest guest)
    {
        var residual = Assert.Single(await world.PointsAsync(world.East, guest), point => point.Kind == PointKind.Residual);
        Assert.True(residual.Pinned);
        return residual;
    }

    /// <summary>The old owner's machine still runs, but the site neither captures it nor starts, restores or hands it over; the other site's machine is in no conflict.</summary>
    private static async Task AssertOnlyWestMayActAsync(TwoSites world, Guest guest)
    {
        var (east, west) = (await world.RowAsync(world.East, guest), await world.RowAsync(world.West, guest));
        Assert.Equal((world.West.Uuid, 2L), (west.Ownership.Owner, west.Ownership.Number));
        Assert.True(east is { Conflict: null, Pending.Kind: WorkKind.Yield, NextRun: null } && west.Conflict is null && guest.IsOn(world.East) && guest.IsOn(world.West), world.Log.Tell());
        Assert.DoesNotContain(await world.PointsAsync(world.East, guest), point => point.Kind == PointKind.Residual || point.Began > west.Ownership.Began);
        Assert.NotNull(DisasterTolerance.Recovery.OwnershipRules.MayRun(east, world.East.Uuid));
        var run = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(world.East, guest));
        Assert.Equal(ErrorCode.NotOwner, run.Code);
        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RecoverAsync(world.East, guest));
        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.MigrateAsync(world.East, guest));
        Assert.Empty(world.Starts.FindFaults());
    }

    /// <summary>Both sites know of the conflict, both machines run, nobody was asked to stop one, and both branches read back.</summary>
    private static async Task AssertInConflictAsync(TwoSites world, Guest guest)
    {
        var (east, west) = (await world.RowAsync(world.East, guest), await world.RowAsync(world.West, guest));
        Assert.True(east is { Conflict: not null, Pending: null } && west is { Conflict: not null, Pending: null } && guest.IsOn(world.East) && guest.IsOn(world.West), world.Log.Tell());
        Assert.All(world.Sites, site => Assert.Equal(0, site.Faults.CountCalls("Hypervisor.ShutDown")));
        Assert.DoesNotContain(await world.PointsAsync(world.East, guest), point => point.Kind == PointKind.Residual);
        await new Invariants(world).CheckAsync();
    }
}
