using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;
using static DisasterTolerance.Scenarios.Recovery.Stages;

namespace DisasterTolerance.Scenarios.Recovery;

/// <summary>
/// Kills a site at every durable step of every flow, one after the other, and starts it again: there is one owner in the end, the machine runs there and nowhere else, with the right bytes.
/// The loops end when the flow no longer reaches the call at which it was to be killed.
/// </summary>
public sealed class RecoveryCrashTests
{
    private const int MostCalls = 400;

    public static TheoryData<string, FaultPoint> Steps { get; } = new(
        from operation in (string[])["Catalog.Commit", "Hypervisor.*", "TargetDisk.*", "Storage.Put"]
        from point in (FaultPoint[])[FaultPoint.Before, FaultPoint.After]
        select (operation, point));

    [Theory]
    [MemberData(nameof(Steps))]
    public Task MigrateAsync_SourceKilledAtAnyStep_OneSiteRunsIt(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.East, StartProtectedAsync, (world, guest) => world.MigrateAsync(world.East, guest), AssertOneRunsItAsync);

    [Theory]
    [MemberData(nameof(Steps))]
    public Task MigrateAsync_DestinationKilledAtAnyStep_OneSiteRunsIt(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.West, StartProtectedAsync, (world, guest) => world.MigrateAsync(world.East, guest), AssertOneRunsItAsync);

    [Theory]
    [MemberData(nameof(Steps))]
    public Task UndoAsync_GiverKilledAtAnyStep_OneSiteRunsIt(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.West, StartMigratedAsync, (world, guest) => world.UndoAsync(world.West, guest), AssertOneRunsItAsync);

    [Theory]
    [MemberData(nameof(Steps))]
    public Task UndoAsync_ReceiverKilledAtAnyStep_OneSiteRunsIt(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.East, StartMigratedAsync, (world, guest) => world.UndoAsync(world.West, guest), AssertOneRunsItAsync);

    [Theory]
    [MemberData(nameof(Steps))]
    public Task RecoverAsync_KilledAtAnyStepOfARestore_IsDoneOrUndone(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.East, StartRestorableAsync, (world, guest) => world.RecoverAsync(world.East, guest, OldestPoint(world, guest)), AssertOneRunsItAsync);

    [Theory]
    [MemberData(nameof(Steps))]
    public Task RecoverAsync_KilledAtAnyStepOfAFailover_GoesOnWithoutThePeer(string operation, FaultPoint point) => ForEachCallAsync(
        operation,
        point,
        world => world.West,
        async world =>
        {
            var (guest, contents) = await StartProtectedAsync(world);
            await world.LoseAsync(world.East, guest);
            return (guest, contents);
        },
        (world, guest) => world.RecoverAsync(world.West, guest),
        async (world, guest, contents) =>
        {
            Assert.False(world.West.Context.Certainty.IsUnsure, world.West.Context.Certainty.Because);
            if ((await world.RowAsync(world.West, guest)).Ownership.Owner != world.West.Uuid)
            {
                await world.RecoverAsync(world.West, guest);
            }

            await world.RunAsync(world.East.StartAsync);
            await world.WaitForLinkAsync();
            await world.AssertOwnedByAsync(world.West, guest);
            Assert.Contains(Flat(guest.Content(world.West)), contents);
        });

    [Theory]
    [MemberData(nameof(Steps))]
    public Task ResolveConflictAsync_WinnerKilledAtAnyStep_EndsWithIt(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.West, StartInConflictAsync, (world, guest) => world.ResolveAsync(world.West, guest, world.West), AssertWestWonAsync);

    [Theory]
    [MemberData(nameof(Steps))]
    public Task ResolveConflictAsync_LoserKilledAtAnyStep_EndsWithTheWinner(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.East, StartInConflictAsync, (world, guest) => world.ResolveAsync(world.East, guest, world.West), AssertWestWonAsync);

    [Theory]
    [MemberData(nameof(Steps))]
    public Task Heal_FencedSourceKilledAtAnyStep_KeepsItsLastStateAndFollows(string operation, FaultPoint point) => ForEachCallAsync(
        operation, point, world => world.East, StartFencedSplitAsync, (world, _) => world.HealAsync(), AssertFencedAsync);

    private static async Task ForEachCallAsync(
        string operation,
        FaultPoint point,
        Func<TwoSites, SimSite> victimOf,
        Func<TwoSites, Task<(Guest Guest, string[] Contents)>> begin,
        Func<TwoSites, Guest, Task> flow,
        Func<TwoSites, Guest, string[], Task> check)
    {
        var call = 1;
        for (; call <= MostCalls; call++)
        {
            await using var world = await TwoSites.StartAsync(seed: call);
            var (guest, contents) = await begin(world);
            var victim = victimOf(world);
            victim.Faults.Add(new Fault { Operation = operation, Point = point, Kind = FaultKind.Crash, OnCall = call });
            try
            {
                await flow(world, guest);
            }
            catch (Exception e) when (e is DisasterToleranceException or SimulatedCrashException or TimeoutException or OperationCanceledException)
            {
                world.Log.Note("test", $"=== call {call} of {operation}: {e.GetType().Name}");
            }

            await world.SettleAsync();
            if (victim.IsRunning && !victim.Faults.IsCrashed)
            {
                break;
            }

            await world.RunAsync(victim.CrashAsync);
            await world.RunAsync(victim.StartAsync);
            await world.AdvanceAsync(TimeSpan.FromMinutes(2));
            if (world.East.IsRunning && world.West.IsRunning)
            {
                await world.HealAsync();
            }

            await check(world, guest, contents);
        }

        // Not every flow starts a machine or writes a blob at both sites, but each commits.
        Assert.InRange(call, operation == "Catalog.Commit" ? 2 : 1, MostCalls);
    }

    private static async Task AssertWestWonAsync(TwoSites world, Guest guest, string[] contents)
    {
        await world.AdvanceAsync(TimeSpan.FromMinutes(20));
        if ((await world.RowAsync(world.West, guest)).Conflict is not null)
        {
            await world.ResolveAsync(world.West, guest, world.West);
        }

        await world.AssertOwnedByAsync(world.West, guest);
        Assert.Contains(Flat(guest.Content(world.West)), contents);
    }
}
