using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Tests.Links;

namespace DisasterTolerance.Tests.Plans;

public sealed class PlanManagerTests
{
    [Fact]
    public async Task AddAsync_ValidPlan_StoresMachinesWithOwnerAndFirstRun()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var guest = pair.Master.AddGuest("db1");

        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest));

        var machine = Assert.Single(view.Machines);
        Assert.Equal(guest, machine.MasterUuid);
        Assert.NotEqual(Guid.Empty, machine.SlaveUuid);
        Assert.Equal(new Ownership(1, pair.Master.Uuid, pair.Now), machine.Ownership);
        Assert.Equal(pair.Now + TimeSpan.FromMinutes(10), machine.NextRun);
        Assert.Equal("db1", machine.Guest.Name);
        Assert.Equal((machine.Uuid, machine.Ownership), Assert.Single(pair.Master.Journal.Written));
        Assert.Contains(await pair.Master.Catalog.ReadAuditAsync(0, 10, default), entry => entry.Action == "plan.add" && entry.Actor == "anna" && entry.Outcome == ErrorCode.None);
    }

    [Fact]
    public async Task AddAsync_SeveralFaults_NamesAllAndChangesNothing()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.Manager.AddAsync(
            MirrorPair.Specification() with { Name = "", Rpo = TimeSpan.Zero, ReserveCount = null, Type = "vmware" }));

        Assert.Equal(ErrorCode.InvalidArgument, error.Code);
        Assert.Contains("no name", error.Message, StringComparison.Ordinal);
        Assert.Contains("RPO", error.Message, StringComparison.Ordinal);
        Assert.Contains("how many points", error.Message, StringComparison.Ordinal);
        Assert.Contains("'vmware'", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await pair.Master.Manager.ListAsync(new PlanQuery())).TotalCount);
    }

    [Fact]
    public async Task AddAsync_UnknownHypervisor_SaysWhich()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.Manager.AddAsync(MirrorPair.Specification() with { Type = "vmware" }));

        Assert.Equal(ErrorCode.HypervisorUnknown, error.Code);
    }

    [Fact]
    public async Task AddAsync_MachineThatIsNotThere_IsRefusedByName()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var missing = Guid.NewGuid();

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest(), missing)));

        Assert.Equal(ErrorCode.MachineNotFound, error.Code);
        Assert.Contains(missing.ToString(), error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await pair.Master.Manager.ListAsync(new PlanQuery())).TotalCount);
    }

    [Fact]
    public async Task AddAsync_MachineOfAnotherLivePlan_IsRefusedNamingThatPlan()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var guest = pair.Master.AddGuest();
        await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest));

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest) with { Name = "second" }));

        Assert.Equal(ErrorCode.AlreadyExists, error.Code);
        Assert.Contains("'payroll'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddAsync_SameMachineAtTheSameTime_OnlyOnePlanGetsIt()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var guest = pair.Master.AddGuest();

        var attempts = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            try
            {
                await pair.Master.Manager.AddAsync(MirrorPair.Specification(guest) with { Name = $"plan {i}" });
                return ErrorCode.None;
            }
            catch (DisasterToleranceException e)
            {
                return e.Code;
            }
        })));

        Assert.Single(attempts, ErrorCode.None);
        Assert.Equal(7, attempts.Count(code => code == ErrorCode.AlreadyExists));
    }

    [Fact]
    public async Task AddAsync_AtTheSlave_IsDoneAtTheMasterAndKnownAtOnceAtBoth()
    {
        await using var pair = await MirrorPair.OpenAsync();

        var view = await pair.Slave.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));

        Assert.Single(view.Machines);
        Assert.NotNull(await pair.Master.Manager.FindAsync(view.Plan.Uuid));
        var audit = await pair.Master.Catalog.ReadAuditAsync(0, 100, default);
        Assert.Contains(audit, entry => entry.Action == "plan.add" && entry.Actor == "anna@west");
        Assert.Equal(view.Machines[0].Ownership, Assert.Single(pair.Slave.Journal.Written).Ownership);
    }

    [Fact]
    public async Task AddAsync_AtTheSlaveWhileTheMasterIsAway_SaysSo()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Slave.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest())));

        Assert.Equal(ErrorCode.PeerUnreachable, error.Code);
    }

    [Fact]
    public async Task AddAsync_RefusedByTheMaster_CarriesItsCode()
    {
        await using var pair = await MirrorPair.OpenAsync();

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Slave.Manager.AddAsync(MirrorPair.Specification(Guid.NewGuid())));

        Assert.Equal(ErrorCode.MachineNotFound, error.Code);
    }

    [Fact]
    public async Task EditAsync_IntervalAndSwitch_MoveTheNextRun()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var machine = view.Machines[0].Uuid;

        await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { Interval = TimeSpan.FromMinutes(5) });
        Assert.Equal(pair.Now + TimeSpan.FromMinutes(5), (await pair.Master.MachineAsync(machine)).NextRun);
        await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { Enabled = false });
        Assert.Null((await pair.Master.MachineAsync(machine)).NextRun);
        pair.Time.Advance(TimeSpan.FromHours(1));
        var last = await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { Enabled = true });

        Assert.Equal(pair.Now, (await pair.Master.MachineAsync(machine)).NextRun);
        Assert.Equal(4, last.Plan.Revision);
    }

    [Fact]
    public async Task EditAsync_ShorterRetention_GivesDroppedPointsTheirGrace()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        var machine = view.Machines[0].Uuid;
        for (var i = 0; i < 3; i++)
        {
            await pair.Master.CommitPointAsync(machine, pair.Now + TimeSpan.FromMinutes(i));
        }

        await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { ReserveCount = 1 });

        var points = await pair.Master.PointsAsync(machine, pair.Master.Uuid);
        Assert.Null(points[0].GraceUntil);
        Assert.All(points.Skip(1), point => Assert.Equal(pair.Now + TimeSpan.FromDays(7), point.GraceUntil));
    }

    [Fact]
    public async Task EditAsync_MachineTakenOutAndAddedAgain_KeepsItsObjectAndPoints()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var (stays, goes) = (pair.Master.AddGuest(), pair.Master.AddGuest());
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(stays, goes));
        var old = view.Machines.Single(machine => machine.MasterUuid == goes);
        var point = await pair.Master.CommitPointAsync(old.Uuid, pair.Now);

        await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { Machines = [new MachineSpecification { MasterUuid = stays }] });
        var removed = await pair.Master.MachineAsync(old.Uuid);
        Assert.Equal(pair.Now, removed.Removed);
        Assert.Null(removed.NextRun);
        Assert.Equal(pair.Now + TimeSpan.FromDays(7), (await pair.Master.Catalog.FindPointAsync(point.Uuid, pair.Master.Uuid, default))!.GraceUntil);
        pair.Time.Advance(TimeSpan.FromDays(6));
        var again = await pair.Master.Manager.AddAsync(MirrorPair.Specification(goes) with { Name = "other" });

        var adopted = Assert.Single(again.Machines);
        Assert.Equal((old.Uuid, old.SlaveUuid), (adopted.Uuid, adopted.SlaveUuid));
        Assert.Equal(again.Plan.Uuid, adopted.Plan);
        Assert.Equal(pair.Now + TimeSpan.FromMinutes(10), adopted.NextRun);
        Assert.Single(await pair.Master.PointsAsync(adopted.Uuid, pair.Master.Uuid));
    }

    [Fact]
    public async Task EditAsync_SomebodyElseWasFaster_IsAConflict()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));
        pair.Time.Advance(TimeSpan.FromSeconds(2));
        await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { Name = "one" });

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () =>
            await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { Name = "two", ExpectedModified = view.Plan.Modified }));

        Assert.Equal(ErrorCode.Conflict, error.Code);
    }

    [Fact]
    public async Task EditAsync_ManyAtTheSameTime_AllAreApplied()
    {
        await using var pair = await MirrorPair.OpenAsync(up: false);
        var view = await pair.Master.Manager.AddAsync(MirrorPair.Specification(pair.Master.AddGuest()));

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(async () => await pair.Master.Manager.EditAsync(view.Plan.Uuid, new PlanEdit { Name = $"name {i}" }))));

        Assert.Equal(11, (await pair.Master.Manager.FindAsync(view.Plan.Uuid))!.Plan.Revision);
    }

    [Fact]
    public async Task EditAsync_AtTheSlave_GoesToTheMaster()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, _) = await pair.ProtectAsync();

        var edited = await pair.Slave.Manager.EditAsync(plan.Uuid, new PlanEdit { Name = "renamed", Actor = "ben" });

        Assert.Equal("renamed", edited.Plan.Name);
        Assert.Equal("renamed", (await pair.Master.Manager.FindAsync(plan.Uuid))!.Plan.Name);
        Assert.Contains(await pair.Master.Catalog.ReadAuditAsync(0, 100, default), entry => entry.Action == "plan.edit" && entry.Actor == "ben@west");
    }

    [Fact]
    public async Task EditAsync_AtTheSlaveWhileTheMasterIsAway_MayOnlyDisable()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, machine) = await pair.ProtectAsync();
        pair.Down();

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await pair.Slave.Manager.EditAsync(plan.Uuid, new PlanEdit { Name = "mine" }));
        await pair.Slave.Manager.EditAsync(plan.Uuid, new PlanEdit { Enabled = false });
        pair.Up();

        Assert.Equal(ErrorCode.PeerUnreachable, error.Code);
        await MirrorPair.UntilAsync(async () => (await pair.Master.Manager.FindAsync(plan.Uuid))!.Plan.Enabled == false);
        await MirrorPair.UntilAsync(async () => (await pair.Master.MachineAsync(machine.Uuid)).NextRun is null);
    }

    [Fact]
    public async Task TakeOverAsync_MasterIsLost_TheSlavesPlanWinsWhenItComesBack()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, _) = await pair.ProtectAsync();
        pair.Down();
        await pair.Master.Manager.EditAsync(plan.Uuid, new PlanEdit { Name = "by the master" });
        await pair.Master.Manager.EditAsync(plan.Uuid, new PlanEdit { Name = "by the master again" });

        await pair.Slave.Manager.TakeOverAsync(plan.Uuid, "ben");
        await pair.Slave.Manager.TakeOverAsync(plan.Uuid, "ben");
        await pair.Slave.Manager.EditAsync(plan.Uuid, new PlanEdit { Name = "by the slave" });
        pair.Up();

        await MirrorPair.UntilAsync(async () => (await pair.Master.Manager.FindAsync(plan.Uuid))!.Plan is { Name: "by the slave", RevisionEpoch: 1 });
        var edited = await pair.Master.Manager.EditAsync(plan.Uuid, new PlanEdit { Name = "asked at the master" });
        Assert.Equal("asked at the master", edited.Plan.Name);
        Assert.Contains(await pair.Slave.Catalog.ReadAuditAsync(0, 100, default), entry => entry.Action == "plan.edit" && entry.Actor == "@east");
    }

    [Fact]
    public async Task DeleteAsync_TwiceAtTheSlave_RemovesMachinesAtBothAndKeepsPointsForTheirGrace()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, machine) = await pair.ProtectAsync();
        await pair.Master.CommitPointAsync(machine.Uuid, pair.Now);
        await pair.Slave.CommitPointAsync(machine.Uuid, pair.Now);

        await pair.Slave.Manager.DeleteAsync(plan.Uuid, "ben");
        await pair.Slave.Manager.DeleteAsync(plan.Uuid, "ben");

        foreach (var site in (MirrorSite[])[pair.Master, pair.Slave])
        {
            Assert.Null(await site.Manager.FindAsync(plan.Uuid));
            var row = await site.MachineAsync(machine.Uuid);
            Assert.NotNull(row.Removed);
            Assert.Null(row.NextRun);
            Assert.Equal(pair.Now + TimeSpan.FromDays(7), Assert.Single(await site.PointsAsync(machine.Uuid, site.Uuid)).GraceUntil);
        }
    }

    [Fact]
    public async Task SetPausedAsync_AtEitherSite_StopsTheScheduleAtTheOwner()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (_, machine) = await pair.ProtectAsync();

        await pair.Slave.Manager.SetPausedAsync(machine.SlaveUuid, true, "ben");
        var paused = await pair.Master.MachineAsync(machine.Uuid);
        Assert.True(paused.Paused);
        Assert.Null(paused.NextRun);
        await MirrorPair.UntilAsync(async () => (await pair.Slave.MachineAsync(machine.Uuid)).Paused);
        await pair.Master.Manager.SetPausedAsync(machine.Uuid, false, "anna");

        Assert.Equal(pair.Now + TimeSpan.FromMinutes(10), (await pair.Master.MachineAsync(machine.Uuid)).NextRun);
    }

    [Fact]
    public async Task Requests_OfAPeerThatIsNoParty_AreRefused()
    {
        await using var pair = await MirrorPair.OpenAsync();
        var (plan, machine) = await pair.ProtectAsync();
        var stranger = new FakeLink(Guid.NewGuid(), pair.Master.Uuid, "east", pair.Master.Dispatcher);
        stranger.Set(true);

        foreach (var ask in (Func<Task>[])[
            async () => await stranger.CallAsync(PlanMethods.Edit, new ForwardedEdit(plan.Uuid, new PlanEdit { Enabled = false }), default),
            async () => await stranger.CallAsync(PlanMethods.Delete, new ForwardedDelete(plan.Uuid, "x"), default),
            async () => await stranger.CallAsync(PlanMethods.Pause, new ForwardedPause(machine.Uuid, true, "x"), default),
            async () => await stranger.CallAsync(PlanMethods.Add, MirrorPair.Specification(pair.Master.AddGuest()), default)])
        {
            await Assert.ThrowsAsync<DisasterTolerance.Links.PeerRefusedException>(ask);
        }

        Assert.True((await pair.Master.Manager.FindAsync(plan.Uuid))!.Plan.Enabled);
        Assert.False((await pair.Master.MachineAsync(machine.Uuid)).Paused);
    }
}
