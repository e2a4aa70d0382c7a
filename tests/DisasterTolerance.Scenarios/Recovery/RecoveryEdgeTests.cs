using DisasterTolerance.Catalog;
using DisasterTolerance.Recovery;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Testing.Faults;
using static DisasterTolerance.Scenarios.Recovery.Recoveries;
using static DisasterTolerance.Scenarios.Recovery.Stages;

namespace DisasterTolerance.Scenarios.Recovery;

public sealed class RecoveryEdgeTests
{
    [Fact]
    public async Task MigrateAsync_CancelledBeforeTheHandOver_LeavesTheSourceRunning()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartProtectedAsync(world);
        using var cancel = new CancellationTokenSource();
        world.West.Faults.Add(new Fault { Operation = "TargetDisk.Write", Kind = FaultKind.Action, Action = _ => new ValueTask(cancel.CancelAsync()) });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.RunAsync(() => world.East.Recovery.MigrateAsync(
            new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Actor = "test" }, cancel.Token)));

        await world.AssertOwnedByAsync(world.East, guest);
        Assert.Equal(Procedure.Normal, (await world.RowAsync(world.East, guest)).Procedure);
    }

    [Fact]
    public async Task MigrateAsync_CancelledAfterTheHandOver_IsCompletedAllTheSame()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartProtectedAsync(world);
        using var cancel = new CancellationTokenSource();
        world.West.Faults.Add(new Fault { Operation = "Hypervisor.Start", Kind = FaultKind.Action, Action = _ => new ValueTask(cancel.CancelAsync()) });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.RunAsync(() => world.East.Recovery.MigrateAsync(
            new MigrationRequest { Machine = guest.Uuid, AutoShutoff = true, Actor = "test" }, cancel.Token)));

        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Fact]
    public async Task MigrateAsync_LinkCutBetweenTheTwoSteps_EndsWhenItHealsAndNobodyRunsItTwice()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartProtectedAsync(world);
        world.East.Faults.Add(new Fault
        {
            Operation = "Storage.Put",
            Point = FaultPoint.After,
            Subject = name => name.Contains("-yield-", StringComparison.Ordinal),
            Kind = FaultKind.Action,
            Action = _ =>
            {
                world.Cut();
                return ValueTask.CompletedTask;
            },
        });

        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.MigrateAsync(world.East, guest));
        var row = await world.RowAsync(world.East, guest);
        Assert.Equal(world.West.Uuid, row.Ownership.YieldedTo);
        Assert.False(guest.IsOn(world.East) || guest.IsOn(world.West));
        await world.HealAsync();

        await world.AssertOwnedByAsync(world.West, guest);
    }

    [Fact]
    public async Task RecoverAsync_HandedOverToASiteThatIsLost_BringsTheMachineUpAtTheGiver()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, contents) = await StartProtectedAsync(world);
        world.East.Faults.Add(new Fault
        {
            Operation = "Storage.Put",
            Point = FaultPoint.After,
            Subject = name => name.Contains("-yield-", StringComparison.Ordinal),
            Kind = FaultKind.Action,
            Action = _ => new ValueTask(world.West.CrashAsync()),
        });
        await Assert.ThrowsAsync<DisasterToleranceException>(() => world.MigrateAsync(world.East, guest));

        var report = await world.RecoverAsync(world.East, guest);

        Assert.Equal((world.East.Uuid, 3L, 0L), (report.Site, report.Epoch, report.WrittenBytes));
        Assert.Contains(Flat(guest.Content(world.East)), contents);
        await world.RunAsync(world.West.StartAsync);
        await world.WaitForLinkAsync();
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task RecoverAsync_RestoreThatFailsWhileWriting_PutsThePresentStateBack()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartRestorableAsync(world);
        var present = Flat(guest.Content(world.East));
        world.East.Faults.Add(new Fault { Operation = "TargetDisk.Flush" });

        await Assert.ThrowsAsync<HypervisorException>(() => world.RecoverAsync(world.East, guest, OldestPoint(world, guest)));

        Assert.Equal(present, Flat(guest.Content(world.East)));
        await world.AssertOwnedByAsync(world.East, guest);
    }

    [Fact]
    public async Task RecoverAsync_UnknownHost_OwnsTheMachineAndSaysWhyItIsOff()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartProtectedAsync(world);
        await world.LoseAsync(world.East, guest);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RecoverAsync(world.West, guest, host: "nowhere"));
        Assert.Equal(ErrorCode.HostNotFound, error.Code);
        Assert.Equal(Procedure.Failed, (await world.RowAsync(world.West, guest)).Procedure);

        await world.RecoverAsync(world.West, guest, host: "host2");
        Assert.True(guest.IsOn(world.West));
    }

    [Fact]
    public async Task RecoverAsync_PointByNameOrUuid_IsFoundAndAnUnknownOneIsNot()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartRestorableAsync(world);
        var oldest = (await world.PointsAsync(world.East, guest))[^1];

        var byUuid = await world.RecoverAsync(world.East, guest, oldest.Uuid.ToString());
        var unknown = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RecoverAsync(world.East, guest, "DT-1"));

        Assert.Equal(oldest.Name, byUuid.PointName);
        Assert.Equal(ErrorCode.NoRecoveryPoint, unknown.Code);
    }

    [Fact]
    public async Task Power_AskedByASiteThatIsNoPartyOfThePlan_IsNotFound()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartProtectedAsync(world);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => world.RunAsync(
            () => world.East.Get<PeerMachines>().DemandSharedAsync(Guid.Parse("99999999-0000-0000-0000-000000000000"), guest.Uuid, CancellationToken.None)));

        Assert.Equal(ErrorCode.NotFound, error.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ExportDiskAsync_AnyStream_GetsEveryByte(bool isSeekable)
    {
        await using var world = await TwoSites.StartAsync();
        var guest = await world.ProtectAsync(world.East, null, new Hypervisors.DiskDefinition("disk0", 300_001));
        world.East.Machines.TrimDisk(guest.At(world.East), "disk0", 0, 100_000);
        world.East.Machines.WriteDisk(guest.At(world.East), "disk0", 150_000, [1, 2, 3]);
        var run = await world.RunAsync(world.East, guest);
        using var file = new MemoryStream();
        Stream destination = isSeekable ? file : new System.IO.Compression.BrotliStream(file, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true);

        await world.RunAsync(() => world.West.Recovery.ExportDiskAsync(guest.Uuid, run.PointName, "disk0", destination));

        if (!isSeekable)
        {
            await destination.DisposeAsync();
            file.Position = 0;
            using var plain = new MemoryStream();
            using var unpack = new System.IO.Compression.BrotliStream(file, System.IO.Compression.CompressionMode.Decompress);
            await unpack.CopyToAsync(plain, TestContext.Current.CancellationToken);
            Assert.Equal(world.East.Machines.ReadDisk(guest.At(world.East), "disk0", 0, 300_001), plain.ToArray());
            return;
        }

        Assert.Equal(world.East.Machines.ReadDisk(guest.At(world.East), "disk0", 0, 300_001), file.ToArray());
    }

    [Fact]
    public async Task Recovery_EachKind_LeavesARunAndAnAuditEntry()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, _) = await StartProtectedAsync(world);
        await world.RecoverAsync(world.East, guest);
        await world.MigrateAsync(world.West, guest);
        await world.UndoAsync(world.East, guest);

        var runs = await world.RunAsync(() => world.East.Context.Catalog.ListRunsAsync(guest.Uuid, 100, CancellationToken.None));
        var audit = await world.RunAsync(() => world.East.Context.Catalog.ReadAuditAsync(0, 1000, CancellationToken.None));
        Assert.All(runs, run => Assert.Equal(ErrorCode.None, run.Outcome));
        Assert.Equal(2, runs.Count(run => run.Kind == "migrate"));
        Assert.Single(runs, run => run.Kind == "restore");
        Assert.Contains(audit, entry => entry.Action == "machine.restore" && entry.Actor == "test");
        Assert.Contains(audit, entry => entry.Action == "machine.migrate" && entry.Actor == "test@west");
        Assert.Contains(audit, entry => entry.Action == "machine.undo" && entry.Detail.Contains("west", StringComparison.Ordinal));
    }
}
