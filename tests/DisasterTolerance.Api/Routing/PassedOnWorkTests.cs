using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using DisasterTolerance.Catalog;
using DisasterTolerance.Links;
using DisasterTolerance.Recovery;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Api.Routing;

/// <summary>Work that one site passes on to the other: what a lost link ends, what is told of it, and how much of it there may be.</summary>
public sealed class PassedOnWorkTests
{
    [Fact]
    public async Task Execute_LinkFallsWhileTheOwnerCaptures_EndsNothingAndIsToldAsUnknown()
    {
        await using var world = await ApiWorld.StartAsync();
        Delay(world.Sites.East, "Hypervisor.TakeSnapshot");
        var asked = world.West.PostAsync("/backup/execute", ExecuteOf(world.Machine));
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        var joined = world.East.PostAsync("/backup/execute", ExecuteOf(world.Machine));
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        world.Sites.Cut();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(10));

        var (code, desc) = ApiWorld.Result((await asked).Data);
        Assert.Equal(ErrorCode.LinkLost, code);
        Assert.Contains("Look at the state there before you ask again", desc, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.PeerUnreachable, ApiWorld.Result((await joined).Data).Code);
        Assert.Single(await world.Sites.PointsAsync(world.Sites.East, world.Guest));
        Assert.Equal(ErrorCode.PeerUnreachable, (await LastAsync(world.Sites.East, "machine.run")).Outcome);
    }

    [Fact]
    public async Task Confirm_MoreMachinesThanTheOwnerServesAtOnce_NoneIsTurnedAway()
    {
        await using var world = await ApiWorld.StartAsync();
        Delay(world.Sites.East, "Hypervisor.TakeSnapshot");
        var run = world.East.PostAsync("/backup/execute", ExecuteOf(world.Machine));
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        // They wait at the owner until the machine is captured, and then there is nothing to confirm.
        var asked = world.West.PostAsync("/vm/confirm", ExecuteOf([.. Enumerable.Range(0, LinkLimits.ConcurrentRequests + 20).Select(_ => world.Machine)]));
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(10));

        Assert.Equal(ErrorCode.None, ApiWorld.Result((await run).Data).Code);
        Assert.All((await asked).Data["results"]!.AsArray(), result => Assert.NotEqual((int)ErrorCode.Unavailable, (int)result!["scode"]!));
    }

    [Fact]
    public async Task Recovery_LinkFallsMeanwhile_SaysThatItMayBeDone()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var request = await RecoverAsync(world, force: true);
        Delay(world.Sites.West, "Hypervisor.Start");
        var asked = world.East.PostAsync("/slavecluster/backup/recovery", request.ToJsonString());
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        world.Sites.Cut();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(10));

        var (code, desc) = ApiWorld.Result((await asked).Data);
        Assert.Equal(ErrorCode.LinkLost, code);
        Assert.Contains("may have done the work", desc, StringComparison.Ordinal);
        Assert.True(world.Guest.IsOn(world.Sites.West));
        Assert.Equal(ErrorCode.LinkLost, (await LastAsync(world.Sites.East, "machine.recover")).Outcome);
    }

    [Fact]
    public async Task Recovery_LinkFallsBeforeAllHaveBegun_TheOthersAreRecoveredToo()
    {
        await using var world = await ApiWorld.StartAsync();
        var late = await world.Sites.ProtectAsync(world.Sites.East, plan => plan with { Machines = [.. plan.Machines.Select(machine => machine with { Priority = RecoveryPriority.Low })] });
        await world.RunAsync();
        await world.Sites.RunAsync(world.Sites.East, late);
        Delay(world.Sites.West, "Hypervisor.Start");
        RecoveryRequest[] requests = [.. ((Guest[])[world.Guest, late]).Select(guest => new RecoveryRequest { Machine = guest.Uuid, Site = world.Sites.West.Uuid, Force = true, Actor = "test" })];
        var asked = world.Sites.East.Recovery.RecoverManyAsync(requests).AsTask();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));

        world.Sites.Cut();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(20));

        Assert.All(await asked, outcome => Assert.Equal(ErrorCode.LinkLost, outcome.Error!.Code));
        Assert.Equal((true, true), (world.Guest.IsOn(world.Sites.West), late.IsOn(world.Sites.West)));
    }

    [Fact]
    public async Task Migrate_LinkFallsForAWhileMeanwhile_GoesOn()
    {
        await using var world = await ApiWorld.StartAsync();
        Delay(world.Sites.East, "Hypervisor.TakeSnapshot");
        var asked = world.Sites.West.Recovery.MigrateAsync(new MigrationRequest { Machine = world.Guest.Uuid, AutoShutoff = true, Actor = "test" }).AsTask();

        await CutForAWhileAsync(world);

        Assert.Equal(ErrorCode.LinkLost, (await Assert.ThrowsAsync<DisasterToleranceException>(() => asked)).Code);
        Assert.Equal((false, true), (world.Guest.IsOn(world.Sites.East), world.Guest.IsOn(world.Sites.West)));
        Assert.Equal(ErrorCode.None, (await LastAsync(world.Sites.East, "machine.migrate")).Outcome);
    }

    [Fact]
    public async Task Undo_LinkFallsForAWhileMeanwhile_GoesOn()
    {
        await using var world = await MigratedAsync();
        Delay(world.Sites.West, "Hypervisor.ShutDown");
        var asked = world.Sites.East.Recovery.UndoAsync(world.Guest.Uuid, "test").AsTask();

        await CutForAWhileAsync(world);

        Assert.Equal(ErrorCode.LinkLost, (await Assert.ThrowsAsync<DisasterToleranceException>(() => asked)).Code);
        Assert.Equal((true, false), (world.Guest.IsOn(world.Sites.East), world.Guest.IsOn(world.Sites.West)));
    }

    [Fact]
    public async Task Confirm_LinkFallsWhileItWaitsForTheMachine_IsConfirmed()
    {
        await using var world = await MigratedAsync();
        Delay(world.Sites.West, "Hypervisor.TakeSnapshot");
        var run = world.Sites.West.Replication.RunAsync(new RunRequest(world.Guest.Uuid, "test")).AsTask();
        await world.Sites.SettleAsync();
        var asked = world.Sites.East.Recovery.ConfirmAsync(world.Guest.Uuid, "test").AsTask();

        await CutForAWhileAsync(world);

        Assert.Equal(ErrorCode.LinkLost, (await Assert.ThrowsAsync<DisasterToleranceException>(() => asked)).Code);
        Assert.Equal(ErrorCode.None, (await LastAsync(world.Sites.West, "machine.confirm")).Outcome);
        Assert.Null((await world.Sites.RowAsync(world.Sites.West, world.Guest)).Takeover);
        await run;
    }

    [Fact]
    public async Task Recovery_RefusedByTheOtherSite_IsNoSuccessInTheAuditLog()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();

        var data = await world.DataAsync(world.East, "/slavecluster/backup/recovery", await RecoverAsync(world, force: false));

        Assert.Equal(ErrorCode.OwnerAlive, ApiWorld.Result(data).Code);
        var entry = await LastAsync(world.Sites.East, "machine.recover");
        Assert.Equal((ErrorCode.OwnerAlive, $"{world.Guest.Uuid}"), (entry.Outcome, entry.Target));
    }

    [Fact]
    public async Task Recover_OneMachineThatTheSitesDoNotShare_DoesNotKeepTheOthersFromBeingRecovered()
    {
        await using var world = await ApiWorld.StartAsync();
        await world.RunAsync();
        var link = world.Sites.East.Context.Links.Find(world.Sites.West.Uuid)!;
        RecoveryRequest[] requests = [.. ((Guid[])[Guid.NewGuid(), world.Guest.Uuid]).Select(machine => new RecoveryRequest { Machine = machine, Force = true, Actor = "test" })];

        var answer = await world.Sites.RunAsync(() => link.CallAsync(RecoveryMethods.Recover, new RecoverPassedOn(requests), CancellationToken.None));

        Assert.Equal([ErrorCode.NotFound, ErrorCode.None], answer.Outcomes.Select(outcome => outcome.Code));
        Assert.True(world.Guest.IsOn(world.Sites.West));
    }

    [Fact]
    public void DecodeError_CodeOfSuccess_IsAnErrorAllTheSame()
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new ErrorBody((int)ErrorCode.None, "no", false), LinkJson.Default.ErrorBody);
        Assert.Equal(ErrorCode.Unavailable, HelloCodec.DecodeError(Guid.NewGuid(), new ReadOnlySequence<byte>(body)).PeerCode);
    }

    [Fact]
    public void DecodeError_EndlessMessage_IsShortened()
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(new ErrorBody((int)ErrorCode.Unavailable, new string('x', 1 << 20), false), LinkJson.Default.ErrorBody);
        Assert.Equal(1024, HelloCodec.DecodeError(Guid.NewGuid(), new ReadOnlySequence<byte>(body)).Message.Length);
    }

    private static async Task<ApiWorld> MigratedAsync()
    {
        var world = await ApiWorld.StartAsync();
        await world.Sites.RunAsync(() => world.Sites.East.Recovery.MigrateAsync(new MigrationRequest { Machine = world.Guest.Uuid, AutoShutoff = true, Actor = "test" }));
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        return world;
    }

    // Shorter than what is delayed.
    private static async Task CutForAWhileAsync(ApiWorld world)
    {
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(1));
        world.Sites.Cut();
        await world.Sites.AdvanceAsync(TimeSpan.FromSeconds(30));
        await world.Sites.HealAsync();
        await world.Sites.AdvanceAsync(TimeSpan.FromMinutes(20));
    }

    private static void Delay(SimSite site, string operation) => site.Faults.Add(new Fault { Operation = operation, Kind = FaultKind.Delay, Delay = TimeSpan.FromMinutes(4) });

    private static string ExecuteOf(params JsonNode?[] machines) => new JsonObject { ["exec_vms"] = new JsonArray(machines) }.ToJsonString();

    private static async Task<JsonObject> RecoverAsync(ApiWorld world, bool force)
    {
        var machine = world.Machine;
        machine["vm_backup_uuid"] = (string?)(await world.DataAsync(world.East, "/vm/backup/list", world.Machine))["backups"]![0]!["Name"];
        machine["force"] = force;
        return new JsonObject { ["recover_vms"] = new JsonArray(machine) };
    }

    private static async Task<AuditEntry> LastAsync(SimSite site, string action) => (await site.State.ReadAuditAsync(0, 1000)).Last(entry => entry.Action == action);
}
