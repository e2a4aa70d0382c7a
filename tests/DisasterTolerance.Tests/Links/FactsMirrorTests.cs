using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Plans;

namespace DisasterTolerance.Tests.Links;

public sealed class FactsMirrorTests
{
    [Fact]
    public async Task Plan_AddedAtTheMaster_IsKnownAtTheSlaveWithItsMachine()
    {
        await using var pair = await MirrorPair.OpenAsync();

        var (plan, machine) = await pair.ProtectAsync();

        var there = await pair.Slave.MachineAsync(machine.Uuid);
        Assert.Equal((machine.MasterUuid, machine.SlaveUuid, machine.Ownership), (there.MasterUuid, there.SlaveUuid, there.Ownership));
        Assert.Null(there.NextRun);
        Assert.NotNull((await pair.Master.MachineAsync(machine.Uuid)).Peer.Learnt);
        Assert.Equal(plan with { RowVersion = 0 }, (await pair.Slave.Catalog.FindPlanAsync(plan.Uuid, default))! with { RowVersion = 0 });
        Assert.Equal(pair.Now + plan.Interval, (await pair.Slave.State.FindMachineAsync(machine.Uuid))!.Machine.NextRun);
    }

    [Fact]
    public async Task Plan_AddedWhileTheLinkWasDown_IsMirroredWhenItComesUp()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest(), pair.Master.AddGuest()));
        await pair.Master.CommitPointAsync(view.Machines[1].Uuid, pair.Now);

        pair.Up();

        await pair.SettledAsync(view.Machines[0].Uuid);
        await pair.SettledAsync(view.Machines[1].Uuid);
        Assert.Single(await pair.Slave.PointsAsync(view.Machines[1].Uuid, pair.Master.Uuid));
    }

    [Fact]
    public async Task Points_OfBothSites_AreMirroredAndSoIsTheirRemoval()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();

        var point = await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);
        await pair.Slave.CommitPointAsync(machine.Uuid, pair.Now, point.Uuid);
        await pair.SettledAsync(machine.Uuid);
        var atSlave = Assert.Single(await pair.Slave.PointsAsync(machine.Uuid, pair.Master.Uuid));
        Assert.Empty(atSlave.ChangeTokens);
        Assert.Equal(point with { ChangeTokens = atSlave.ChangeTokens, RowVersion = 0 }, atSlave with { RowVersion = 0 });
        Assert.Single(await pair.Master.PointsAsync(machine.Uuid, pair.Slave.Uuid));
        await pair.Master.ChangePointAsync(point, row => row with { Removed = pair.Now });
        await pair.SettledAsync(machine.Uuid);

        Assert.Equal(pair.Now, Assert.Single(await pair.Slave.PointsAsync(machine.Uuid, pair.Master.Uuid)).Removed);
        Assert.Null(Assert.Single(await pair.Slave.PointsAsync(machine.Uuid, pair.Slave.Uuid)).Removed);
        Assert.Null(Assert.Single(await pair.Master.PointsAsync(machine.Uuid, pair.Slave.Uuid)).Removed);
    }

    [Fact]
    public async Task Points_MoreThanAPage_AreAllMirrored()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var machine = view.Machines[0].Uuid;
        for (var i = 0; i < FactsServer.PointPage + 7; i++)
        {
            await pair.Master.CommitPointAsync(machine, pair.Now + TimeSpan.FromSeconds(i));
        }

        pair.Up();
        await pair.SettledAsync(machine);

        var count = await pair.Slave.Catalog.QueryPointsAsync(new PointQuery { Machine = machine, Site = pair.Master.Uuid, Take = 0 }, default);
        Assert.Equal(FactsServer.PointPage + 7, count.TotalCount);
    }

    [Fact]
    public async Task Owner_Facts_AreShownAtTheReplicaAndNotTheOtherWayRound()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();

        await pair.Master.Machines.UpdateAsync(machine.Uuid, row => row with { LastError = "disk gone", Procedure = Procedure.Failed, DeltaBytes = 5 }, default);
        await pair.SettledAsync(machine.Uuid);
        await pair.Slave.Machines.UpdateAsync(machine.Uuid, row => row with { LastError = "a lie", Procedure = Procedure.Recovering }, default);
        await pair.SettledAsync(machine.Uuid);

        var here = await pair.Master.MachineAsync(machine.Uuid);
        Assert.Equal(("disk gone", Procedure.Failed, 5L), (here.LastError, here.Procedure, here.DeltaBytes));
    }

    [Fact]
    public async Task Ownership_IsSettledBeforeFactsAreMirrored()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();

        await pair.Slave.Machines.UpdateAsync(
            machine.Uuid, row => row with { Ownership = new Ownership(2, pair.Slave.Uuid, pair.Now), Procedure = Procedure.AwaitingConfirmation, LastError = "" }, default);
        await pair.SettledAsync(machine.Uuid);

        var here = await pair.Master.MachineAsync(machine.Uuid);
        Assert.Equal(pair.Slave.Uuid, here.Ownership.Owner);
        Assert.Equal(Procedure.AwaitingConfirmation, here.Procedure);
        Assert.Null(here.NextRun);
    }

    [Fact]
    public async Task Telling_Fails_AndIsMadeGood()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        var failures = 0;
        pair.Master.Link.Fail = method => method == "facts.changed" && Interlocked.Increment(ref failures) <= 2
            ? new DisasterToleranceException(ErrorCode.LinkLost, "cut", isTransient: true)
            : null;

        await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);

        await pair.PassUntilAsync(async () => (await pair.Slave.PointsAsync(machine.Uuid, pair.Master.Uuid)).Count == 1);
        Assert.True(failures > 2);
    }

    [Fact]
    public async Task Telling_IsLostWithTheLink_TheNextMeetingRepairs()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        pair.Master.Link.Fail = method => method == "facts.changed" ? new DisasterToleranceException(ErrorCode.LinkLost, "cut", isTransient: true) : null;
        await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);
        await MirrorPair.UntilAsync(() => Task.FromResult(pair.Master.Link.Calls.Contains("facts.changed")));

        pair.Down();
        pair.Up();

        await MirrorPair.UntilAsync(async () => (await pair.Slave.PointsAsync(machine.Uuid, pair.Master.Uuid)).Count == 1);
    }

    [Fact]
    public async Task Pulling_Fails_TheSitesMeetAgain()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        var failures = 0;
        pair.Slave.Link.Fail = method => method == "facts.get" && Interlocked.Increment(ref failures) <= 3
            ? new DisasterToleranceException(ErrorCode.Stalled, "no answer", isTransient: true)
            : null;

        await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);

        await pair.PassUntilAsync(async () => (await pair.Slave.PointsAsync(machine.Uuid, pair.Master.Uuid)).Count == 1);
        Assert.True(failures > 3);
    }

    [Fact]
    public async Task Settling_FailsUnexpectedly_TheMachineIsTriedAgain()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        var failures = 0;
        pair.Slave.Meeting.Before = _ => Interlocked.Increment(ref failures) <= 2 ? throw new InvalidOperationException("a fault of ours") : Task.CompletedTask;

        await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);

        await pair.PassUntilAsync(async () => (await pair.Slave.PointsAsync(machine.Uuid, pair.Master.Uuid)).Count == 1);
        Assert.True(failures > 2);
    }

    [Fact]
    public async Task Idle_NothingIsSent()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();
        await pair.PassUntilAsync(() => Task.FromResult(pair.Now > DateTimeOffset.Parse("2026-01-02T03:10:00Z", System.Globalization.CultureInfo.InvariantCulture)));
        await pair.SettledAsync(machine.Uuid);
        var before = pair.Master.Link.Calls.Count + pair.Slave.Link.Calls.Count;

        for (var minute = 0; minute < 120; minute++)
        {
            pair.Time.Advance(TimeSpan.FromMinutes(1));
            await Task.Yield();
        }

        Assert.Equal(before, pair.Master.Link.Calls.Count + pair.Slave.Link.Calls.Count);
    }

    [Fact]
    public async Task SlowMachine_DoesNotHoldUpOthers()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest(), pair.Master.AddGuest()));
        var (slow, fast) = (view.Machines[0].Uuid, view.Machines[1].Uuid);
        await pair.SettledAsync(slow);
        await pair.SettledAsync(fast);
        var release = new TaskCompletionSource();
        pair.Slave.Meeting.Before = row => row.Uuid == slow ? release.Task : Task.CompletedTask;

        await pair.Master.CommitPointAsync(slow, pair.Now);
        await pair.Master.CommitPointAsync(fast, pair.Now);

        await MirrorPair.UntilAsync(async () => (await pair.Slave.PointsAsync(fast, pair.Master.Uuid)).Count == 1);
        Assert.Empty(await pair.Slave.PointsAsync(slow, pair.Master.Uuid));
        release.SetResult();
        await MirrorPair.UntilAsync(async () => (await pair.Slave.PointsAsync(slow, pair.Master.Uuid)).Count == 1);
    }

    [Fact]
    public async Task Unsure_SiteBecomesSureWhenItsPeerWasHeard()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        pair.Slave.Context.Certainty.Doubt("its catalog is new.", [pair.Master.Uuid]);

        pair.Up();

        await MirrorPair.UntilAsync(() => Task.FromResult(!pair.Slave.Context.Certainty.IsUnsure));
        Assert.Equal(1, (await pair.Slave.Manager.ListAsync(new PlanQuery())).TotalCount);
    }

    [Fact]
    public async Task Unsure_SiteStaysUnsureUntilTheMeetingIsComplete()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        pair.Slave.Context.Certainty.Doubt("its catalog is new.", [pair.Master.Uuid]);
        var fail = true;
        pair.Slave.Link.Fail = method => method == "facts.get" && Volatile.Read(ref fail) ? new DisasterToleranceException(ErrorCode.Stalled, "no answer", isTransient: true) : null;

        pair.Up();
        await MirrorPair.UntilAsync(() => Task.FromResult(pair.Slave.Link.Calls.Contains("facts.get")));
        Assert.True(pair.Slave.Context.Certainty.IsUnsure);
        Volatile.Write(ref fail, false);

        await pair.PassUntilAsync(() => Task.FromResult(!pair.Slave.Context.Certainty.IsUnsure));
    }

    [Fact]
    public async Task Twins_FoundWhenTheSitesMeet_TheNewerPlanIsSwitchedOffAtBoth()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, machine) = await pair.ProtectAsync();
        pair.Down();
        pair.Time.Advance(TimeSpan.FromMinutes(1));
        var twin = Guid.NewGuid();
        await pair.Slave.Writer.WriteAsync(
            new PlanChange
            {
                Before = null,
                After = plan with { Uuid = twin, Name = "the other way", Master = plan.Slave, Slave = plan.Master, Created = pair.Now, Modified = pair.Now, RowVersion = 0 },
                New = [new MachineRow
                {
                    Uuid = Guid.NewGuid(), Plan = twin, Name = "vm", MasterUuid = machine.SlaveUuid, SlaveUuid = Guid.NewGuid(), Created = pair.Now,
                    Ownership = new Ownership(1, pair.Slave.Uuid, pair.Now), FactsVersion = 1,
                }],
            },
            default);

        pair.Up();

        await MirrorPair.UntilAsync(async () => await pair.Master.Catalog.FindPlanAsync(twin, default) is { Enabled: false, DisabledBecause.Length: > 0 });
        await MirrorPair.UntilAsync(async () => await pair.Slave.Catalog.FindPlanAsync(twin, default) is { Enabled: false, DisabledBecause.Length: > 0 });
        Assert.True((await pair.Master.Catalog.FindPlanAsync(plan.Uuid, default))!.Enabled);
        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Slave.Manager.EditAsync(twin, new PlanEdit { Enabled = true }));
        Assert.Equal(ErrorCode.AlreadyExists, error.Code);
    }

    [Fact]
    public async Task Machine_TakenOutAndAddedToAnotherPlan_IsTheSameObjectAtBothSites()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var guest = pair.Master.AddGuest();
        var first = await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest, pair.Master.AddGuest()));
        var machine = first.Machines.Single(row => row.MasterUuid == guest).Uuid;
        await pair.SettledAsync(machine);
        var point = await pair.Slave.CommitPointAsync(machine, pair.Now);

        await pair.Master.Manager.EditAsync(
            first.Plan.Uuid, new PlanEdit { Machines = [.. first.Machines.Where(row => row.Uuid != machine).Select(row => new MachineSpecification { MasterUuid = row.MasterUuid })] });
        await MirrorPair.UntilAsync(async () => (await pair.Slave.MachineAsync(machine)).Removed is not null);
        Assert.Equal(pair.Now + TimeSpan.FromDays(7), (await pair.Slave.Catalog.FindPointAsync(point.Uuid, pair.Slave.Uuid, default))!.GraceUntil);
        pair.Time.Advance(TimeSpan.FromHours(1));
        var second = await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest) with { Name = "second" });

        await MirrorPair.UntilAsync(async () => await pair.Slave.MachineAsync(machine) is { Removed: null } row && row.Plan == second.Plan.Uuid);
        await pair.SettledAsync(machine);
        Assert.Single(await pair.Slave.PointsAsync(machine, pair.Slave.Uuid));
        Assert.Single((await pair.Slave.Manager.FindAsync(first.Plan.Uuid))!.Machines);
    }

    [Fact]
    public async Task Hostile_PlanThatDropsEverything_LeavesThisSitesPointsForTheirGrace()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, machine) = await pair.ProtectAsync();
        var points = new List<PointRow>();
        for (var i = 0; i < 3; i++)
        {
            points.Add(await pair.Slave.CommitPointAsync(machine.Uuid, pair.Now + TimeSpan.FromMinutes(i)));
        }

        await pair.SettledAsync(machine.Uuid);
        pair.Down();
        var dispatcher = new ControlDispatcher();
        var dropped = plan with { Revision = 1000, Retention = RetentionPolicy.Keep(1), Deleted = DateTimeOffset.UnixEpoch.AddYears(60), Modified = pair.Now, RowVersion = 0 };
        dispatcher.Map(FactsMethods.Plan, (_, _, _) => ValueTask.FromResult(new PlanContent(dropped, [MachineIdentity.Of(machine with { Removed = DateTimeOffset.UnixEpoch })], 1)));
        var link = new FakeLink(pair.Slave.Uuid, pair.Master.Uuid, "east", dispatcher);
        link.Set(true);

        await pair.Slave.Mirror.PullAsync(link, plan.Uuid, default);

        foreach (var point in points)
        {
            var row = (await pair.Slave.Catalog.FindPointAsync(point.Uuid, pair.Slave.Uuid, default))!;
            Assert.Null(row.Removed);
            Assert.Equal(pair.Now + TimeSpan.FromDays(7), row.GraceUntil);
        }
    }

    [Fact]
    public async Task Hostile_PointsOfThisSitesOwnStore_AreRefused()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var machine = view.Machines[0];
        var point = await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);
        await AnswerAsync(pair, machine, view.Plan, row => row, [point with { Removed = pair.Now, FactsVersion = 1 }]);

        Assert.Null((await pair.Master.Catalog.FindPointAsync(point.Uuid, pair.Master.Uuid, default))!.Removed);
        Assert.Equal(0, (await pair.Master.MachineAsync(machine.Uuid)).PeerFactsVersion);
        Assert.Empty(pair.Master.Meeting.Met);
    }

    [Fact]
    public async Task Hostile_RowOfAnotherMachine_IsRefused()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var machine = view.Machines[0];

        await AnswerAsync(pair, machine, view.Plan, row => row with { MasterUuid = Guid.NewGuid() }, []);

        Assert.Equal(0, (await pair.Master.MachineAsync(machine.Uuid)).PeerFactsVersion);
    }

    [Fact]
    public async Task Rebuilt_PeerCatalog_PointsThatItDoesNotHaveAreForgotten()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, machine) = await pair.ProtectAsync();
        await pair.Slave.CommitPointAsync(machine.Uuid, pair.Now);
        await pair.SettledAsync(machine.Uuid);
        pair.Down();

        await AnswerAsync(pair, machine, plan, row => row, []);

        Assert.Empty(await pair.Master.PointsAsync(machine.Uuid, pair.Slave.Uuid));
    }

    /// <summary>Lets the master hear what a slave with a catalog of its own would say of a machine.</summary>
    private static async Task AnswerAsync(MirrorPair pair, MachineRow machine, PlanRow plan, Func<MachineRow, MachineRow> change, IReadOnlyList<PointRow> points)
    {
        var dispatcher = new ControlDispatcher();
        var row = change(machine with { FactsVersion = 1, NextRun = null, RowVersion = 0 });
        dispatcher.Map(FactsMethods.Machine, (_, _, _) => ValueTask.FromResult(new MachineFacts(Guid.Parse("00000000-0000-0000-0000-0000000000cc"), true, row, points, points.Count)));
        var link = new FakeLink(pair.Master.Uuid, plan.Slave, "west", dispatcher);
        link.Set(true);
        var mirror = new MachineMirror(pair.Master.Context, new FactsClient(pair.Master.Context), pair.Master.Machines, new DisasterTolerance.Sites.PointDirectory(pair.Master.Context), pair.Master.Meeting);
        Assert.True(await mirror.PullAsync(link, machine.Uuid, default));
    }
}
