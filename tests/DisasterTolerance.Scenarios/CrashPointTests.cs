using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Scenarios;

/// <summary>Kills one of the two sites before and after every single call of a flow, one after the other, and starts it again: the machine must end with one owner, at one site, with the right disks.</summary>
public sealed class CrashPointTests
{
    public static TheoryData<string, bool, string, FaultPoint> Flows()
    {
        var flows = new TheoryData<string, bool, string, FaultPoint>();
        foreach (var flow in new[] { "migrate", "undo", "fail over", "restore", "resolve" })
        {
            foreach (var atEast in new[] { true, false })
            {
                flows.Add(flow, atEast, "Catalog.Commit", FaultPoint.Before);
                flows.Add(flow, atEast, "Catalog.Commit", FaultPoint.After);
                flows.Add(flow, atEast, "Hypervisor.*", FaultPoint.After);
                flows.Add(flow, atEast, "Storage.Put", FaultPoint.After);
            }
        }

        return flows;
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public async Task Flow_SiteDiesAtAnyCall_EndsWithOneOwner(string flow, bool atEast, string operation, FaultPoint point)
    {
        const int most = 60;
        for (var call = 1; call <= most; call++)
        {
            if (!await DiesAsync(flow, atEast, new Fault { Operation = operation, OnCall = call, Point = point, Kind = FaultKind.Crash }))
            {
                TestContext.Current.TestOutputHelper?.WriteLine($"{flow}: '{(atEast ? "east" : "west")}' died at each of {call - 1} calls of {operation}, {point}");
                return;
            }
        }

        Assert.Fail($"'{flow}' makes more than {most} calls of {operation}.");
    }

    private static async Task<bool> DiesAsync(string flow, bool atEast, Fault fault)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, disks: [new("disk0", 30_000)]);
        await world.RunAsync(world.East, guest);
        guest.Write(world.East);
        await PrepareAsync(world, guest, flow);
        var site = atEast ? world.East : world.West;
        var lives = site.Lives;
        site.Faults.Add(fault);
        var running = Task.CompletedTask;
        await world.RunAsync(() =>
        {
            running = Task.Run(() => RunAsync(world, guest, flow));
            return Task.CompletedTask;
        });
        await world.UntilAsync(() => running.IsCompleted || !site.IsRunning, TimeSpan.FromHours(2));
        await world.SettleAsync();
        var died = !site.IsRunning;
        site.Faults.Clear();
        if (died)
        {
            await world.RunAsync(site.StartAsync);
        }
        else
        {
            await running;
        }

        await world.WaitForLinkAsync();
        await world.AdvanceAsync(TimeSpan.FromMinutes(30));
        await DemandOneOwnerAsync(world, guest, $"{flow}, {fault}, died {died}, life {lives}");
        return died;
    }

    private static async Task PrepareAsync(TwoSites world, Guest guest, string flow)
    {
        if (flow == "undo")
        {
            await world.RunAsync(() => world.East.Recovery.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Actor = "test" }));
            guest.Write(world.West);
        }
        else if (flow == "fail over")
        {
            guest.Off(world.East);
        }
        else if (flow == "resolve")
        {
            world.Cut();
            await world.RunAsync(() => world.West.Recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Actor = "test" }));
            await world.AdvanceAsync(TimeSpan.FromHours(2));
            await world.HealAsync();
            Assert.NotNull((await world.RowAsync(world.East, guest)).Conflict);
        }
    }

    private static async Task RunAsync(TwoSites world, Guest guest, string flow)
    {
        switch (flow)
        {
            case "migrate":
                await world.East.Recovery.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Actor = "test" });
                break;
            case "undo":
                await world.West.Recovery.UndoAsync(guest.Uuid, "test");
                break;
            case "fail over":
                await world.West.Recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Actor = "test" });
                break;
            case "restore":
                await world.East.Recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Actor = "test" });
                break;
            default:
                await world.East.Recovery.ResolveConflictAsync(guest.Uuid, world.West.Uuid, "test");
                break;
        }
    }

    private static async Task DemandOneOwnerAsync(TwoSites world, Guest guest, string story)
    {
        await new Invariants(world).CheckAsync();
        var (east, west) = (await world.RowAsync(world.East, guest), await world.RowAsync(world.West, guest));
        if (east.Conflict is not null)
        {
            // The crash came before the conflict was ended: it can be ended now.
            await world.RunAsync(() => world.East.Recovery.ResolveConflictAsync(guest.Uuid, world.West.Uuid, "test"));
            await world.AdvanceAsync(TimeSpan.FromMinutes(10));
            (east, west) = (await world.RowAsync(world.East, guest), await world.RowAsync(world.West, guest));
        }

        var owner = east.Ownership.Owner == world.East.Uuid ? world.East : world.West;
        Assert.True(
            east.Ownership == west.Ownership && east.Ownership.YieldedTo is null && east.Pending is null && west.Pending is null && east.Conflict is null && west.Conflict is null
            && !guest.IsOn(owner.Peer),
            $"{story}{Environment.NewLine}{Tell(east)}{Environment.NewLine}{Tell(west)}{Environment.NewLine}{world.Log.Tell()}");
        if (!guest.IsOn(owner))
        {
            // Only a failover that never took over may leave it off: its owner had lost it before.
            Assert.True(story.StartsWith("fail over", StringComparison.Ordinal) && owner == world.East, $"{story}: the machine is off at both sites{Environment.NewLine}{world.Log.Tell()}");
        }
    }

    private static string Tell(Catalog.MachineRow row) => $"{row.Ownership} {row.Procedure} pending {row.Pending} conflict {row.Conflict} error '{row.LastError}'";
}
