using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;
using static DisasterTolerance.Scenarios.Recovery.Stages;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>Lets every call of every flow fail once, or cuts the link just there, without anybody being killed: in the end one site owns the machine and runs it, with the right bytes.</summary>
public sealed class RecoveryFaultTests
{
    private const int MostCalls = 400;

    private static readonly Dictionary<string, (Func<TwoSites, Task<(Guest, string[])>> Begin, Func<TwoSites, Guest, Task> Run, Func<TwoSites, Guest, string[], Task> Check)> Flows = new()
    {
        ["migrate"] = (StartProtectedAsync, (world, guest) => world.MigrateAsync(world.East, guest), AssertOneRunsItAsync),
        ["undo"] = (StartMigratedAsync, (world, guest) => world.UndoAsync(world.West, guest), AssertOneRunsItAsync),
        ["restore"] = (StartRestorableAsync, (world, guest) => world.RecoverAsync(world.East, guest, OldestPoint(world, guest)), AssertOneRunsItAsync),
        ["force"] = (StartProtectedAsync, (world, guest) => world.RecoverAsync(world.West, guest, force: true), AssertOneRunsItAsync),
        ["fence"] = (StartFencedSplitAsync, (world, _) => world.HealAsync(), AssertFencedAsync),
    };

    public static TheoryData<string, bool, string> Failures { get; } = new(
        from flow in Flows.Keys
        from isEast in (bool[])[true, false]
        from operation in (string[])["Catalog.Commit", "Hypervisor.*", "TargetDisk.*", "Storage.*"]
        select (flow, isEast, operation));

    public static TheoryData<string, bool> Cuts { get; } = new(
        from flow in (string[])["migrate", "undo", "fence"]
        from isEast in (bool[])[true, false]
        select (flow, isEast));

    [Theory]
    [MemberData(nameof(Failures))]
    public Task Recovery_AnyCallFailsOnce_OneSiteRunsIt(string flow, bool isEast, string operation) =>
        ForEachCallAsync(flow, isEast, operation, _ => new Fault { Operation = operation, Kind = FaultKind.Error });

    [Theory]
    [MemberData(nameof(Cuts))]
    public Task Recovery_LinkCutAtAnyCommit_OneSiteRunsIt(string flow, bool isEast) => ForEachCallAsync(
        flow,
        isEast,
        "Catalog.Commit",
        world => new Fault
        {
            Operation = "Catalog.Commit",
            Kind = FaultKind.Action,
            Action = _ =>
            {
                world.Cut();
                return ValueTask.CompletedTask;
            },
        });

    private static async Task ForEachCallAsync(string flow, bool isEast, string operation, Func<TwoSites, Fault> trouble)
    {
        var (begin, run, check) = Flows[flow];
        for (var call = 1; call <= MostCalls; call++)
        {
            await using var world = await TwoSites.StartAsync(seed: call);
            var (guest, contents) = await begin(world);
            var victim = isEast ? world.East : world.West;
            victim.Faults.Add(trouble(world) with { OnCall = call });
            try
            {
                await run(world, guest);
            }
            catch (Exception e) when (e is DisasterToleranceException or TimeoutException)
            {
                world.Log.Note("test", $"=== call {call} of {operation} at '{victim.Name}': {e.Message}");
            }

            await world.SettleAsync();
            var isOver = victim.Faults.Unfired.Count > 0;
            victim.Faults.Clear();
            await world.HealAsync();
            await check(world, guest, contents);
            if (isOver)
            {
                return;
            }
        }

        Assert.Fail($"The flow made more than {MostCalls} calls of {operation}.");
    }
}
