using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Scenarios.Recovery;

namespace DisasterTolerance.Scenarios.BadInput;

public sealed class BadRecoveryTests
{
    [Fact]
    public async Task Recovery_AskedForWhatCannotBe_SaysWhyAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, other) = (await world.ProtectAsync(world.East), await world.ProtectAsync(world.East));
        await world.RunAsync(world.East, guest);
        await world.AdvanceAsync(TimeSpan.FromSeconds(7));
        var foreign = await world.RunAsync(world.East, other);
        var (east, west) = (world.East.Recovery, world.West.Recovery);
        string name = guest.Uuid.ToString(), gone = Guid.Empty.ToString();

        await world.RefusedAsync(
            ErrorCode.MachineRunning, async () => await east.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, Actor = "test" }), name, "runs and may not be shut down", "shut it down, or allow it with auto_shutoff");
        await world.RefusedAsync(
            ErrorCode.NotOwner, async () => await east.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Source = world.West.Uuid, Actor = "test" }),
            name, "is not owned by site 'west' but by site 'east'", "name that site as the source");
        await world.RefusedAsync(
            ErrorCode.NotOwner, async () => await west.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Source = world.West.Uuid, Actor = "test" }),
            name, "is not owned by site 'west' but by site 'east'", "name that site as the source");
        await world.RefusedAsync(
            ErrorCode.OwnerAlive, async () => await west.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Actor = "test" }), name, "runs at its owner, which answers", "migrate it, or stop it there first");
        foreach (var recovery in (IRecoveryService[])[east, west])
        {
            foreach (var point in (string[])["DT-1", gone, foreign.PointName, foreign.Point.ToString()])
            {
                await world.RefusedAsync(
                    ErrorCode.NoRecoveryPoint, async () => await recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Point = point, Actor = "test" }),
                    name, $"has no point '{point}'", "Choose one of the list of points");
            }
        }

        await world.RefusedAsync(ErrorCode.WrongProcedure, async () => await east.UndoAsync(guest.Uuid, "test"), name, "does not await a confirmation", "migrate it back instead");
        await world.RefusedAsync(ErrorCode.Conflict, async () => await east.ResolveConflictAsync(guest.Uuid, world.West.Uuid, "test"), name, "is in no conflict here", "there is nothing to name");
        await world.RefusedAsync(
            ErrorCode.NotFound, async () => await east.ExportDiskAsync(other.Uuid, foreign.PointName, "disk9", Stream.Null), foreign.PointName, "has no disk 'disk9'", "It has: disk0, disk1");

        await world.MigrateAsync(world.East, guest);
        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Fact]
    public async Task ConfirmAsync_NothingWaits_SucceedsAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        var before = await Standing.OfAsync(world);
        await world.ConfirmAsync(world.East, guest);
        await world.ConfirmAsync(world.West, guest);
        await before.AssertSameAsync();
    }

    [Fact]
    public async Task UndoAsync_AfterAFailover_SaysWhyAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        await world.LoseAsync(world.East, guest);
        await world.RecoverAsync(world.West, guest);
        await world.RunAsync(world.East.StartAsync);
        await world.WaitForLinkAsync();

        await world.RefusedAsync(
            ErrorCode.WrongProcedure, async () => await world.West.Recovery.UndoAsync(guest.Uuid, "test"), guest.Uuid.ToString(), "was failed over without its other site", "confirm it and migrate it back instead");

        await world.ConfirmAsync(world.West, guest);
        await world.MigrateAsync(world.West, guest);
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task RecoverAsync_NameOfTwoPoints_AsksForTheUuidAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        world.Cut();
        await world.UntilAsync(() => !world.West.SeesPeer && !world.East.SeesPeer, TimeSpan.FromHours(3));
        await world.RecoverAsync(world.West, guest);
        await world.FailsAsync(
            ErrorCode.PeerUnreachable, async () => await world.East.Replication.RunAsync(new RunRequest(guest.Uuid, "test")), "'west'", "does not answer", "shipped when the link is up again");
        await world.RunAsync(world.West, guest);
        await world.HealAsync();
        await world.ResolveAsync(world.East, guest, world.East);
        await world.RunAsync(world.East, guest);
        var twins = (await world.PointsAsync(world.West, guest)).GroupBy(point => point.Name).First(named => named.Count() > 1).ToList();

        await world.RefusedAsync(
            ErrorCode.Ambiguous, async () => await world.West.Recovery.RecoverAsync(new RecoveryRequest { Machine = guest.Uuid, Point = twins[0].Name, Actor = "test" }),
            guest.Uuid.ToString(), $"2 points of machine 'm0' ({guest.Uuid}) are called '{twins[0].Name}'", "name one by its uuid", twins[0].Uuid.ToString(), twins[1].Uuid.ToString());

        var chosen = twins.Single(point => point.Origin == world.West.Uuid);
        guest.Off(world.East);
        var report = await world.RecoverAsync(world.West, guest, chosen.Uuid.ToString());
        Assert.Equal(chosen.Uuid, report.Point);
    }

    [Fact]
    public async Task MigrateAsync_MachineVanished_SaysSoAndChangesNothing()
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East);
        await world.RunAsync(world.East, guest);
        world.East.Machines.RemoveMachine(guest.At(world.East));

        await world.RefusedAsync(
            ErrorCode.MachineNotFound, async () => await world.East.Recovery.MigrateAsync(new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Actor = "test" }),
            guest.Uuid.ToString(), $"does not know machine 'm0' ({guest.Uuid}) as machine {guest.At(world.East)}", "Register it again, or fail it over at the other site");

        await world.RecoverAsync(world.West, guest);
        Assert.Equal(Procedure.AwaitingConfirmation, (await world.RowAsync(world.West, guest)).Procedure);
    }
}
