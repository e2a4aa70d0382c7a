using System.Text.Json;
using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Recovery;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;
using static DisasterTolerance.Scenarios.Recovery.Boots;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>A failover that starts the machine from exports of the point, and what other work does until its disks are its own.</summary>
public sealed class InstantBootTests
{
    [Fact]
    public async Task RecoverAsync_HypervisorThatBootsInstantly_StartsAtOnceAndPullsBehind()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        var point = (await world.PointsAsync(world.West, guest))[0];
        var report = await world.RecoverAsync(world.West, guest);

        Assert.True(report is { FromExports: true, WrittenBytes: 0 } && report.Elapsed < TimeSpan.FromSeconds(1) && report.Point == point.Uuid, report.ToString());
        Assert.True(guest.IsOn(world.West));
        Assert.Equal(["disk0", "disk1"], world.West.Machines.ListExported(guest.At(world.West)).Order());
        Assert.Equal(world.Seen.Of(point.Uuid), guest.Content(world.West));
        var boot = (await world.BootAsync(guest))!;
        Assert.True(boot is { Stage: BootStage.Pulling, TotalBytes: 270_001, Error: "" } && boot.Point == point.Uuid, boot.ToString());

        guest.Write(world.West);
        await world.AdvanceAsync(TimeSpan.FromSeconds(10));
        var progress = Assert.Single(world.West.Replication.ListProgress());
        Assert.True(progress is { Procedure: Procedure.Recovering, TotalBytes: 270_001, DoneBytes: > 0 and < 270_001 }, progress.ToString());
        guest.Write(world.West);
        await world.AssertPulledAsync(guest, Flat(guest.Content(world.West)));

        Assert.Single(world.West.Events, e => e.Kind == SiteEventKind.DisksPulled && e.Machine == guest.Uuid);
        Assert.Empty(world.West.Replication.ListProgress());
        Assert.Equal(1, world.Starts.Count);
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();
        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, false)]
    public async Task RecoverAsync_NotWanted_WritesTheDisksFirst(bool option, bool? request)
    {
        await using var world = await TwoSites.StartAsync(configure: w =>
        {
            w.West.BootsInstantly = true;
            w.West.Engine = engine => engine.InstantBoot = option;
        });
        var guest = await LoseEastAsync(world);
        var report = await world.RunAsync(() => world.West.Recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, InstantBoot = request, Actor = "test" }));
        Assert.True(report is { FromExports: false, WrittenBytes: > 0 }, report.ToString());
        Assert.Null(await world.BootAsync(guest));
        Assert.Empty(world.West.Machines.ListExported(guest.At(world.West)));
    }

    [Fact]
    public async Task RecoverAsync_GuestAnswersLater_TheRecordGetsItsTimeAndAPicture()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        var west = guest.At(world.West);
        world.West.Machines.Started += start => world.West.Machines.SetGuest(west, TimeSpan.Zero, isAlive: false);
        var answer = await world.RecoverAsync(world.West, guest);
        Assert.Null(answer.SignOfLife);
        await world.AdvanceAsync(TimeSpan.FromSeconds(20));
        world.West.Machines.SetGuest(west, TimeSpan.Zero, isAlive: true);
        await world.AdvanceAsync(TimeSpan.FromSeconds(5));

        var run = (await world.RunAsync(() => world.West.State.ListRunsAsync(guest.Uuid, 10))).Single(run => run.Kind == "failover");
        var report = JsonSerializer.Deserialize(run.Report, RecoveryJson.Default.RecoveryReport)!;
        Assert.True(report.SignOfLife >= TimeSpan.FromSeconds(20) && report.SignOfLife < TimeSpan.FromSeconds(25) && report.Elapsed < report.SignOfLife, run.Report);
        Assert.Equal(answer, report with { SignOfLife = null });
        Assert.Equal([0x89, 0x50, 0x4E, 0x47], run.ConsolePicture[..4].ToArray());
        Assert.Single(world.West.Events, e => e.Kind == SiteEventKind.SignOfLife && e.Machine == guest.Uuid);
    }

    [Fact]
    public async Task RecoverAsync_GuestThatNeverAnswers_IsPicturedWhenItsTimeIsOver()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        world.West.Machines.Started += start => world.West.Machines.SetGuest(start.Machine, TimeSpan.Zero, isAlive: false);
        await world.RecoverAsync(world.West, guest);
        await world.AdvanceAsync(TimeSpan.FromMinutes(4));
        Assert.True((await RecordAsync(world, guest)).ConsolePicture.IsEmpty);
        await world.AdvanceAsync(TimeSpan.FromMinutes(2));
        var run = await RecordAsync(world, guest);
        Assert.False(run.ConsolePicture.IsEmpty);
        Assert.Null(JsonSerializer.Deserialize(run.Report, RecoveryJson.Default.RecoveryReport)!.SignOfLife);
    }

    [Fact]
    public async Task RunAsync_WhileItIsPulled_IsRefusedWithItsProgressAndRunsAfterTheSwitch()
    {
        await using var world = await StartAsync();
        var (guest, _) = await FailOverAsync(world);
        await world.AdvanceAsync(TimeSpan.FromSeconds(6));
        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(world.West, guest));
        Assert.True(refused is { Code: ErrorCode.WrongProcedure, IsTransient: true } && refused.Message.Contains("of 270001 bytes", StringComparison.Ordinal), refused.Message);
        var failed = world.West.Events.Count(e => e.Kind == SiteEventKind.RunFailed);

        await world.PullAsync(guest);
        var content = guest.Content(world.West);
        await world.AdvanceAsync(TimeSpan.FromMinutes(2));
        var captured = (await world.PointsAsync(world.West, guest))[0];
        Assert.Equal(content, world.Seen.Of(captured.Uuid));
        Assert.Equal(failed, world.West.Events.Count(e => e.Kind == SiteEventKind.RunFailed));
    }

    [Fact]
    public async Task OtherWork_WhileItIsPulled_WaitsAndConfirmingDoesNot()
    {
        await using var world = await StartAsync();
        var (guest, _) = await FailOverAsync(world);
        await world.RunAsync(world.East.StartAsync);
        await world.UntilAsync(() => world.East.SeesPeer && world.West.SeesPeer, TimeSpan.FromMinutes(5));
        Assert.True(IsBooting(world, guest));
        world.West.Faults.Add(new Fault { Operation = "Export.Read", Times = int.MaxValue });

        await RefusedAsync(() => world.RecoverAsync(world.West, guest));
        await RefusedAsync(() => world.UndoAsync(world.West, guest));
        await world.ConfirmAsync(world.West, guest);
        await RefusedAsync(() => world.MigrateAsync(world.West, guest));
        world.West.Faults.Clear();
        await world.PullAsync(guest);
        await world.MigrateAsync(world.West, guest);
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task PullDisks_ThatFails_IsTriedAgainWhileTheMachineRunsAndTheReasonShows()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.PullDisks", Times = 6 });
        await world.RecoverAsync(world.West, guest);
        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        var boot = (await world.BootAsync(guest))!;
        Assert.Contains("Planned fault", boot.Error, StringComparison.Ordinal);
        Assert.Single(world.West.Events, e => e.Kind == SiteEventKind.PullFailed);
        Assert.Equal("", (await world.RowAsync(world.West, guest)).LastError);
        Assert.True(guest.IsOn(world.West));
        guest.Write(world.West);
        await world.AssertPulledAsync(guest, Flat(guest.Content(world.West)));
        world.West.Faults.VerifyAllFired();
    }

    [Fact]
    public async Task PullDisks_InWhichNothingMoves_EndsAtItsDeadlineAndIsTriedAgain()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.PullDisks", Kind = FaultKind.Delay, Delay = Timeout.InfiniteTimeSpan });
        await world.RecoverAsync(world.West, guest);
        await world.AdvanceAsync(TimeSpan.FromMinutes(4));
        Assert.Equal("", (await world.BootAsync(guest))!.Error);
        await world.UntilAsync(() => world.West.Events.Any(e => e.Kind == SiteEventKind.PullFailed && e.Message.Contains("nothing moved", StringComparison.Ordinal)), TimeSpan.FromMinutes(2));
        await world.AssertPulledAsync(guest, Flat(guest.Content(world.West)));
    }

    [Fact]
    public async Task Retention_PointThatTheMachineRunsFrom_StaysUntilTheSwitchAndGoesAfterIt()
    {
        await using var world = await TwoSites.StartAsync(configure: w =>
        {
            w.West.BootsInstantly = true;
            w.West.Engine = engine => engine.SweepInterval = TimeSpan.FromHours(1);
        });
        var guest = await world.ProtectAsync(world.East, plan => plan with { ReserveCount = 1 });
        for (var run = 0; run < 3; run++)
        {
            guest.Write(world.East);
            await world.RunAsync(world.East, guest);
        }

        var oldest = (await world.PointsAsync(world.West, guest))[^1];
        await world.LoseAsync(world.East, guest);
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.PullDisks", Times = int.MaxValue });
        await world.RecoverAsync(world.West, guest, oldest.Name);
        await world.ConfirmAsync(world.West, guest);
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();
        await world.AdvanceAsync(TimeSpan.FromHours(5));
        Assert.Contains(oldest.Uuid, (await world.PointsAsync(world.West, guest)).Select(p => p.Uuid));
        Assert.Equal(world.Seen.Of(oldest.Uuid), guest.Content(world.West));

        world.West.Faults.Clear();
        await world.PullAsync(guest);
        await world.AdvanceAsync(TimeSpan.FromHours(5));
        Assert.DoesNotContain(oldest.Uuid, (await world.PointsAsync(world.West, guest)).Select(p => p.Uuid));
    }

    [Fact]
    public async Task RecoverAsync_PointCannotBeServed_WritesTheDisksFirst()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        world.West.Faults.Add(new Fault { Operation = "Exports.Open" });
        var report = await world.RecoverAsync(world.West, guest);
        Assert.True(report is { FromExports: false, WrittenBytes: > 0 }, report.ToString());
        Assert.True(guest.IsOn(world.West));
        Assert.Null(await world.BootAsync(guest));
        Assert.Equal(0, world.West.Overlays.Count);
        world.West.Faults.VerifyAllFired();
    }

    [Fact]
    public async Task RecoverAsync_GivenUpBeforeTheTakeover_LeavesNoOverlay()
    {
        await using var world = await StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        guest.Off(world.East);

        // The owner starts its machine between the two times that it is asked.
        world.West.Faults.Add(new Fault
        {
            Operation = "Exports.Open",
            Point = FaultPoint.After,
            Kind = FaultKind.Action,
            Action = _ =>
            {
                world.East.Machines.SetPower(guest.At(world.East), PowerState.On);
                return ValueTask.CompletedTask;
            },
        });
        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RecoverAsync(world.West, guest));
        Assert.Equal(ErrorCode.OwnerAlive, refused.Code);
        Assert.Equal(0, world.West.Overlays.Count);
        Assert.Null(await world.BootAsync(guest));
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task Start_UnsureSite_ServesAtOnceAndPullsWhenItIsSure()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.PullDisks", Times = int.MaxValue });
        await world.RecoverAsync(world.West, guest);
        var yesterday = world.West.CatalogFile.Fork();
        await world.AdvanceAsync(TimeSpan.FromHours(2));
        await world.RunAsync(world.West.StopAsync);
        world.West.CatalogFile.RestoreFrom(yesterday);
        await world.RunAsync(world.West.StartAsync);

        Assert.True(world.West.State.Site.IsUnsure);
        guest.Write(world.West);
        var content = Flat(guest.Content(world.West));
        await world.AdvanceAsync(TimeSpan.FromHours(1));
        Assert.Equal(2, world.West.Machines.ListExported(guest.At(world.West)).Count);
        Assert.Single(world.West.Events, e => e.Kind == SiteEventKind.PullFailed);
        await world.RunAsync(() => world.West.Recovery.AssumeOwnerAsync("test"));
        await world.AssertPulledAsync(guest, content);
    }

    [Fact]
    public async Task DeleteAsync_PlanOfAMachineThatIsPulled_EndsThePullAllTheSame()
    {
        await using var world = await StartAsync();
        var (guest, report) = await FailOverAsync(world);
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.PullDisks", Times = 2 });
        await world.RunAsync(world.East.StartAsync);
        await world.UntilAsync(() => world.East.SeesPeer && world.West.SeesPeer, TimeSpan.FromMinutes(5));
        var plan = (await world.RowAsync(world.West, guest)).Plan;
        await world.RunAsync(() => world.East.Plans.DeleteAsync(plan, "test"));
        await world.RunAsync(world.West.CrashAsync);
        await world.RunAsync(world.West.StartAsync);
        Assert.True(IsBooting(world, guest));
        guest.Write(world.West);
        Assert.Contains(report.Point, (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid));
        await world.AssertPulledAsync(guest, Flat(guest.Content(world.West)));
    }

    [Fact]
    public async Task RecoverAsync_StartFromExportsFails_IsRecoveredAgainWithItsDisksWritten()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.StartFromExports", Times = int.MaxValue });
        var failed = await Assert.ThrowsAnyAsync<DisasterToleranceException>(() => world.RecoverAsync(world.West, guest));
        Assert.Contains("Recover it again", failed.Message, StringComparison.Ordinal);
        var row = await world.RowAsync(world.West, guest);
        Assert.True(row is { Procedure: Procedure.Failed, Pending: null, Boot.Stage: BootStage.Starting } && row.Ownership.Owner == world.West.Uuid, Tell(row, false));

        var content = world.Seen.Of((await world.PointsAsync(world.West, guest))[0].Uuid);
        var report = await world.RecoverAsync(world.West, guest);
        Assert.False(report.FromExports);
        await world.AssertPulledAsync(guest, Flat(content));
        Assert.True(guest.IsOn(world.West));
    }

    [Fact]
    public async Task RecoverAsync_StartFromExportsFailsButRuns_IsPulledAllTheSame()
    {
        await using var world = await StartAsync();
        var guest = await LoseEastAsync(world);
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.StartFromExports", Point = FaultPoint.After, Times = int.MaxValue });
        await Assert.ThrowsAnyAsync<DisasterToleranceException>(() => world.RecoverAsync(world.West, guest));
        Assert.True(guest.IsOn(world.West));
        guest.Write(world.West);
        await world.AssertPulledAsync(guest, Flat(guest.Content(world.West)));
    }

    [Fact]
    public async Task RecoverAsync_ForcedWhileItIsPulled_GivesUpWhatItWroteAndIsAtThePoint()
    {
        await using var world = await StartAsync();
        var (guest, first) = await FailOverAsync(world);
        guest.Write(world.West);
        await world.AdvanceAsync(TimeSpan.FromSeconds(5));
        var content = world.Seen.Of(first.Point);
        var report = await world.RecoverAsync(world.West, guest, force: true);
        Assert.True(report is { FromExports: false, KeptPoint: null }, report.ToString());
        await world.AssertPulledAsync(guest, Flat(content));
        Assert.True(guest.IsOn(world.West));
    }

    [Fact]
    public async Task ResolveConflictAsync_LoserIsStillPulled_KeepsWhatItWroteAndThenYields()
    {
        await using var world = await StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        world.Cut();
        await world.UntilAsync(() => !world.West.SeesPeer && !world.East.SeesPeer, TimeSpan.FromHours(3));
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.PullDisks", Times = 8 });
        await world.RecoverAsync(world.West, guest);
        guest.Write(world.West);
        var content = Flat(guest.Content(world.West));
        await world.HealAsync();
        await world.ResolveAsync(world.East, guest, world.East);
        await world.AdvanceAsync(TimeSpan.FromMinutes(2));
        Assert.False(guest.IsOn(world.West));
        Assert.True(IsBooting(world, guest));
        Assert.DoesNotContain(await world.PointsAsync(world.West, guest), point => point.Kind == PointKind.Residual);

        await world.AdvanceAsync(TimeSpan.FromHours(1));
        await world.AssertOwnedByAsync(world.East, guest);
        var residual = (await world.PointsAsync(world.West, guest)).Single(point => point.Kind == PointKind.Residual);
        Assert.Equal(content, await world.ContentOfAsync(world.West, residual.Uuid));
        Assert.Equal(0, world.West.Overlays.Count);
    }

    private static async Task<RunRow> RecordAsync(TwoSites world, Guest guest) =>
        (await world.RunAsync(() => world.West.State.ListRunsAsync(guest.Uuid, 10))).Single(run => run.Kind == "failover");

    private static async Task RefusedAsync(Func<Task> work)
    {
        var refused = await Assert.ThrowsAsync<DisasterToleranceException>(work);
        Assert.True(refused is { Code: ErrorCode.WrongProcedure, IsTransient: true } && refused.Message.Contains("started from exports", StringComparison.Ordinal), refused.Message);
    }
}
