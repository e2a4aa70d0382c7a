using DisasterTolerance.Plans;
using DisasterTolerance.Scenarios.Harness;

namespace DisasterTolerance.Scenarios.BadInput;

public sealed class BadPlanTests
{
    private static readonly Guid Unknown = Guid.Parse("12345678-0000-4000-8000-00000000beef");

    private static readonly Dictionary<string, (Func<PlanSpecification, PlanSpecification> Change, ErrorCode Code, string[] Says)> Plans = new()
    {
        ["unknown slave"] = (plan => plan with { Slave = Unknown }, ErrorCode.InvalidArgument, [$"slave site {Unknown}", "is not configured here", "configure it as a peer first, or correct the uuid"]),
        ["unknown master"] = (plan => plan with { Master = Unknown }, ErrorCode.InvalidArgument, [$"master site {Unknown}", "is not configured here", "configure it as a peer first, or correct the uuid"]),
        ["no slave"] = (plan => plan with { Slave = Guid.Empty }, ErrorCode.InvalidArgument, ["slave site", "has no", "give its uuid"]),
        ["same site twice"] = (plan => plan with { Slave = plan.Master }, ErrorCode.InvalidArgument, ["master and slave", "are the same site", "name two different sites"]),
        ["RPO 0"] = (plan => plan with { Rpo = TimeSpan.Zero }, ErrorCode.InvalidArgument, ["RPO", "is 00:00:00", "give a positive time"]),
        ["interval 0"] = (plan => plan with { Interval = TimeSpan.Zero }, ErrorCode.InvalidArgument, ["interval", "is 00:00:00", "give a positive time"]),
        ["interval longer than RPO"] = (
            plan => plan with { Interval = TimeSpan.FromHours(3) }, ErrorCode.InvalidArgument, ["interval of 03:00:00", "is longer than its RPO of 02:00:00", "shorten the interval or lengthen the RPO"]),
        ["both retentions"] = (plan => plan with { ReserveDuration = TimeSpan.FromDays(1) }, ErrorCode.InvalidArgument, ["keep points", "both by number and by time", "give only one of the two"]),
        ["no retention"] = (plan => plan with { ReserveCount = null }, ErrorCode.InvalidArgument, ["does not say", "how many points to keep, or for how long", "give one of the two"]),
        ["negative retention"] = (plan => plan with { ReserveCount = -1 }, ErrorCode.InvalidArgument, ["number of points to keep", "is -1", "give a positive number"]),
        ["unknown hypervisor"] = (plan => plan with { Type = "vmware" }, ErrorCode.HypervisorUnknown, ["'vmware'", "is not a hypervisor of this site", "use one of 'hci'"]),
        ["unknown machine"] = (
            plan => plan with { Machines = [new MachineSpecification { MasterUuid = Unknown, Name = "ghost" }] }, ErrorCode.MachineNotFound,
            [$"'ghost' ({Unknown})", "does not know", "Correct the uuid, or make the machine known there first"]),
        ["machine twice"] = (plan => plan with { Machines = [.. plan.Machines, .. plan.Machines] }, ErrorCode.InvalidArgument, ["machine 'm0'", "is listed twice", "list it once"]),
        ["everything at once"] = (
            plan => plan with { Slave = Unknown, Rpo = TimeSpan.Zero, ReserveCount = null, Name = "" }, ErrorCode.InvalidArgument,
            [Unknown.ToString(), "RPO is 00:00:00", "how many points to keep", "has no name"]),
    };

    public static TheoryData<string> PlanCases => [.. Plans.Keys];

    [Theory]
    [MemberData(nameof(PlanCases))]
    public async Task AddAsync_BadPlan_SaysWhatIsWrongAndChangesNothing(string name)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var good = Protection.PlanOf(world.East, world.AddMachine(world.East)) with { Name = "payroll" };
        var (change, code, says) = Plans[name];
        var bad = change(good);

        await world.RefusedAsync(code, async () => await world.East.Plans.AddAsync(bad), bad.Name.Length == 0 || code == ErrorCode.MachineNotFound ? says : [.. says, "Plan 'payroll' was not added"]);

        var view = await world.RunAsync(() => world.East.Plans.AddAsync(good));
        Assert.Single(view.Machines);
    }

    [Fact]
    public async Task AddAsync_MachineOfAnotherPlan_NamesThatPlanAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { Name = "payroll" });
        await world.RunAsync(world.East, guest);
        var machine = guest.At(world.East);
        await world.RefusedAsync(
            ErrorCode.AlreadyExists, async () => await world.East.Plans.AddAsync(Protection.PlanOf(world.East, machine)), machine.ToString(), "is protected by plan 'payroll' already", "take it out of that plan first");
        foreach (var uuid in (Guid[])[guest.At(world.West), guest.Uuid])
        {
            await world.RefusedAsync(
                ErrorCode.MachineNotFound, async () => await world.East.Plans.AddAsync(Protection.PlanOf(world.East, uuid)), uuid.ToString(), "does not know", "Correct the uuid");
        }

        await world.RunAsync(world.East, guest);
    }

    [Fact]
    public async Task AddAsync_AskedAtTheSlave_GivesTheSameAnswerAndChangesNothingAtEither()
    {
        await using var world = await TwoSites.StartAsync();
        var plan = Protection.PlanOf(world.East, world.AddMachine(world.East)) with { Name = "payroll" };
        await world.RefusedAsync(
            ErrorCode.InvalidArgument, async () => await world.West.Plans.AddAsync(plan with { Rpo = TimeSpan.Zero }), "Plan 'payroll'", "RPO is 00:00:00", "give a positive time");
        await world.RunAsync(() => world.West.Plans.AddAsync(plan));
    }

    [Fact]
    public async Task EditAsync_BadEdit_SaysWhatIsWrongAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, plan => plan with { Name = "payroll" });
        await world.RunAsync(world.East, guest);
        var plan = (await world.RowAsync(world.East, guest)).Plan;
        (PlanEdit Edit, ErrorCode Code, string[] Says)[] cases =
        [
            (new PlanEdit { Interval = TimeSpan.FromHours(3) }, ErrorCode.InvalidArgument, ["interval of 03:00:00", "is longer than its RPO", "shorten the interval or lengthen the RPO"]),
            (new PlanEdit { Rpo = TimeSpan.FromSeconds(-1) }, ErrorCode.InvalidArgument, ["RPO", "is -00:00:01", "give a positive time"]),
            (new PlanEdit { ReserveCount = 2, ReserveDuration = TimeSpan.FromDays(1) }, ErrorCode.InvalidArgument, ["keep points", "both by number and by time", "give only one of the two"]),
            (new PlanEdit { Type = "vmware" }, ErrorCode.InvalidArgument, ["type", "cannot change from 'hci' to 'vmware'", "make a new plan"]),
            (new PlanEdit { Machines = [] }, ErrorCode.InvalidArgument, ["1 machines", "the edit lists none", "leave the list out to keep them, or delete the plan"]),
            (new PlanEdit { Machines = [new MachineSpecification { MasterUuid = Unknown }] }, ErrorCode.MachineNotFound, [Unknown.ToString(), "does not know", "Correct the uuid"]),
            (new PlanEdit { ReserveCount = 9, ExpectedModified = world.Now.AddDays(-1) }, ErrorCode.Conflict, ["payroll", "was edited by somebody else", "read it again and repeat the edit"]),
        ];
        foreach (var (edit, code, says) in cases)
        {
            await world.RefusedAsync(code, async () => await world.East.Plans.EditAsync(plan, edit), code == ErrorCode.MachineNotFound ? says : [.. says, "plan 'payroll'", plan.ToString()]);
            await world.RefusedAsync(code, async () => await world.West.Plans.EditAsync(plan, edit), says);
        }

        var edited = await world.RunAsync(() => world.West.Plans.EditAsync(plan, new PlanEdit { ReserveCount = 9 }));
        Assert.Equal(9, edited.Plan.Retention.Count);
    }

    [Fact]
    public async Task EveryCall_UnknownUuid_NamesItAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var site = world.East;
        (Func<Task> Call, string Where)[] plans =
        [
            (async () => await site.Plans.EditAsync(Unknown, new PlanEdit { ReserveCount = 3 }), "plan list"),
            (async () => await site.Plans.DeleteAsync(Unknown, "test"), "plan list"),
            (async () => await site.Plans.TakeOverAsync(Unknown, "test"), "plan list"),
            (async () => await site.Links.EditAsync(Unknown, 1000, "test"), "link list"),
            (async () => await site.Links.DeleteAsync(Unknown, "test"), "link list"),
            (async () => await site.Plans.SetPausedAsync(Unknown, true, "test"), "state list"),
            (async () => await site.Replication.RunAsync(new RunRequest(Unknown, "test")), "state list"),
            (async () => await site.Replication.ApplyRetentionAsync(Unknown), "state list"),
            (async () => await site.Recovery.MigrateAsync(new MigrationRequest { Machine = Unknown, Actor = "test" }), "state list"),
            (async () => await site.Recovery.RecoverAsync(new RecoveryRequest { Machine = Unknown, Actor = "test" }), "state list"),
            (async () => await site.Recovery.ConfirmAsync(Unknown, "test"), "state list"),
            (async () => await site.Recovery.UndoAsync(Unknown, "test"), "state list"),
            (async () => await site.Recovery.ResolveConflictAsync(Unknown, site.Uuid, "test"), "state list"),
            (async () => await site.Recovery.ExportDiskAsync(Unknown, "DT-1", "disk0", Stream.Null), "state list"),
        ];
        foreach (var (call, where) in plans)
        {
            await world.RefusedAsync(ErrorCode.NotFound, call, Unknown.ToString(), "ite 'east'", where);
        }

        await world.RefusedAsync(
            ErrorCode.NotFound,
            async () => await site.Links.AddAsync(new LinkSpecification(site.Uuid, "east", Unknown, "nowhere", -1, [], "test")),
            Unknown.ToString(), "is not configured as a peer of site 'east'", "configure it with its address and public key first, or correct the uuid");
        await world.RunAsync(world.East, guest);
    }
}
