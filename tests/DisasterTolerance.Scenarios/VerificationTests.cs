using DisasterTolerance.Catalog;
using DisasterTolerance.Scenarios.Harness;
using DisasterTolerance.Sites;
using DisasterTolerance.Storage;
using DisasterTolerance.Testing.Faults;

namespace DisasterTolerance.Scenarios;

/// <summary>
/// Verification of a store with rot in it, while the peer that has good records cannot give them, or the points change meanwhile. West has three points, each with twelve chunks of its own: more than
/// one call fetches.
/// </summary>
public sealed class VerificationTests
{
    private const int OwnChunks = 12;
    private const string AskedOfThePeer = "Catalog.FindMachine";

    [Theory]
    [InlineData("is down")]
    [InlineData("refuses")]
    [InlineData("cannot read its store")]
    [InlineData("does not answer")]
    [InlineData("is lost when it is asked")]
    [InlineData("is lost after the first records came")]
    public async Task Verify_ThePeerCannotHelp_EveryDamagedPointIsMarkedAndTold(string peer)
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, newest, middle, oldest) = await StartAsync(world);
        await DamageAsync(world, world.West, guest, newest, middle);
        Trouble(world, guest, peer);

        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        Assert.Equal((2 * OwnChunks, 0), (check.Damaged, check.Healed));
        await AssertDamagedAsync(world, guest, check, newest, middle);
        Assert.Contains(oldest.Uuid, (await world.PointsAsync(world.West, guest)).Select(point => point.Uuid));
        Assert.All(world.East.Faults.Unfired, fault => Assert.Fail($"did not happen: {fault}"));

        world.East.Faults.Clear();
        await world.HealAsync();
        var healed = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        Assert.InRange(healed.Healed, 1, 2 * OwnChunks);
        Assert.Empty(healed.DamagedPoints);
        Assert.All(await world.PointsAsync(world.West, guest), point => Assert.Empty(point.Damage));
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Verify_ThePeerFailsInTheMiddleOfAFetch_ThatPointIsMarkedAndTheNextIsHealed()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, newest, middle, _) = await StartAsync(world);
        await DamageAsync(world, world.West, guest, newest, middle);
        world.East.Faults.Add(new Fault { Operation = AskedOfThePeer, Subject = uuid => uuid == guest.Uuid.ToString(), OnCall = 2 });

        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        world.East.Faults.VerifyAllFired();
        Assert.Equal((2 * OwnChunks, OwnChunks), (check.Damaged, check.Healed));
        await AssertDamagedAsync(world, guest, check, newest);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Verify_TheStoreHasNoRoomForGoodRecords_TheDamagedPointsAreMarked()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, newest, middle, _) = await StartAsync(world);
        await DamageAsync(world, world.West, guest, newest, middle);
        world.West.Storage.CapacityBytes = world.West.Storage.UsedBytes + 512;

        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        await AssertDamagedAsync(world, guest, check, newest, middle);
        world.West.Storage.CapacityBytes = null;
        Assert.Empty((await world.RunAsync(() => world.West.Replication.VerifyAsync())).DamagedPoints);
        await new Invariants(world).CheckAsync();
    }

    [Fact]
    public async Task Verify_APointIsRemovedAndSweptAfterItWasListed_IsPassedOver()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, newest, middle, oldest) = await StartAsync(world);
        await DamageAsync(world, world.West, guest, newest, middle);
        world.Cut();
        await world.SettleAsync();
        long freed = 0;
        OnceIn(world.West, "Catalog.QueryPoints", "", FaultPoint.After, async () =>
        {
            await ChangeAsync(world.West, oldest, point => point with { Removed = world.Now });
            freed = await world.West.Replication.SweepAsync();
        });

        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        world.West.Faults.VerifyAllFired();
        Assert.True(freed > OwnChunks * 4096, $"the sweep freed {freed} bytes");
        await AssertDamagedAsync(world, guest, check, newest, middle);
        Assert.Empty((await FindAsync(world.West, oldest)).Damage);
    }

    [Fact]
    public async Task Verify_ADamagedPointIsRemovedWhileThePeerIsAsked_IsNotMarked()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, newest, middle, _) = await StartAsync(world);
        await DamageAsync(world, world.West, guest, newest, middle);
        OnceIn(world.East, AskedOfThePeer, guest.Uuid.ToString(), FaultPoint.Before, () => ChangeAsync(world.West, newest, point => point with { Removed = world.Now }));
        await DamageAsync(world, world.East, guest, newest, middle);

        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        world.East.Faults.VerifyAllFired();
        await AssertDamagedAsync(world, guest, check, middle);
        Assert.Empty((await FindAsync(world.West, newest)).Damage);
    }

    [Fact]
    public async Task Verify_ADamagedPointIsChangedWhileThePeerIsAsked_IsMarkedAndKeepsTheChange()
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, newest, middle, _) = await StartAsync(world);
        await DamageAsync(world, world.West, guest, newest, middle);
        OnceIn(world.East, AskedOfThePeer, guest.Uuid.ToString(), FaultPoint.Before, () => ChangeAsync(world.West, newest, point => point with { Pinned = true }));
        await DamageAsync(world, world.East, guest, newest, middle);

        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        world.East.Faults.VerifyAllFired();
        await AssertDamagedAsync(world, guest, check, newest, middle);
        Assert.True((await FindAsync(world.West, newest)).Pinned);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Verify_BasesOfPatchesAreDamaged_HurtEveryPointOnThemUntilThePeerGivesTheBases(bool isPeerUp)
    {
        await using var world = await TwoSites.StartAsync();
        var (guest, newest, middle, oldest) = await StartAsync(world, isLittle: true);
        await DamageAsync(world, world.West, guest, oldest);
        if (!isPeerUp)
        {
            world.Cut();
        }

        var check = await world.RunAsync(() => world.West.Replication.VerifyAsync());

        // Only the bases came: the patches were good again with them.
        Assert.Equal((OwnChunks, isPeerUp ? OwnChunks : 0), (check.Damaged, check.Healed));
        await AssertDamagedAsync(world, guest, check, isPeerUp ? [] : [newest, middle, oldest]);
        await world.HealAsync();
        Assert.Empty((await world.RunAsync(() => world.West.Replication.VerifyAsync())).DamagedPoints);
        await new Invariants(world).CheckAsync();
    }

    private static async Task<(Guest Guest, PointRow Newest, PointRow Middle, PointRow Oldest)> StartAsync(TwoSites world, bool isLittle = false)
    {
        var guest = await world.ProtectAsync(world.East);
        var random = new Random(7);
        var content = new byte[OwnChunks * 4096];
        for (var run = 0; run < 3; run++)
        {
            for (var chunk = 0; chunk < OwnChunks; chunk++)
            {
                // Enough of a chunk to be written in full, or so little that a patch does.
                random.NextBytes(content.AsSpan(chunk * 4096, isLittle && run > 0 ? 100 : 4096));
            }

            world.East.Machines.WriteDisk(guest.At(world.East), "disk0", 0, content);
            await world.RunAsync(world.East, guest);
        }

        await world.AdvanceAsync(TimeSpan.FromMinutes(1));
        return await world.PointsAsync(world.West, guest) is [var newest, var middle, var oldest] ? (guest, newest, middle, oldest) : throw new InvalidOperationException("There are not three points.");
    }

    private static async Task DamageAsync(TwoSites world, SimSite site, Guest guest, params PointRow[] points)
    {
        foreach (var point in points)
        {
            Assert.Equal(OwnChunks, await world.DamageAsync(site, guest, point));
        }
    }

    private static void Trouble(TwoSites world, Guest guest, string peer)
    {
        var asked = new Fault { Operation = AskedOfThePeer, Subject = uuid => uuid == guest.Uuid.ToString(), Times = int.MaxValue };
        var lost = asked with { Times = 1, Kind = FaultKind.Action, Action = _ => Done(world.Cut) };
        switch (peer)
        {
            case "is down":
                world.Cut();
                break;
            case "refuses":
                world.East.Faults.Add(asked with { Error = () => new DisasterToleranceException(ErrorCode.NotFound, "East shares no such machine.") });
                break;
            case "cannot read its store":
                world.East.Faults.Add(new Fault { Operation = "Storage.Read", Times = int.MaxValue, Error = () => new StorageException(ErrorCode.StorageFailed, null, "The disk is broken.") });
                break;
            case "does not answer":
                world.East.Faults.Add(asked with { Kind = FaultKind.Delay, Delay = Timeout.InfiniteTimeSpan });
                break;
            case "is lost when it is asked":
                world.East.Faults.Add(lost);
                break;
            default:
                world.East.Faults.Add(lost with { OnCall = 2 });
                break;
        }
    }

    private static void OnceIn(SimSite site, string operation, string subject, FaultPoint point, Func<Task> action) => site.Faults.Add(new Fault
    {
        Operation = operation,
        Subject = found => found == subject,
        Point = point,
        Kind = FaultKind.Action,
        Action = async _ => await action(),
    });

    private static ValueTask Done(Action action)
    {
        action();
        return ValueTask.CompletedTask;
    }

    /// <summary>Changes a point as retention or an edit does.</summary>
    private static async Task ChangeAsync(SimSite site, PointRow point, Func<PointRow, PointRow> change)
    {
        var present = await FindAsync(site, point);
        await site.Get<MachineDirectory>().UpdateAsync(
            point.Machine, row => row, CancellationToken.None, also: (row, batch) => batch.Add(new CatalogChange.PutPoint(change(present) with { FactsVersion = row.FactsVersion })));
    }

    private static async Task<PointRow> FindAsync(SimSite site, PointRow point) => (await site.Context.Catalog.FindPointAsync(point.Uuid, site.Uuid, CancellationToken.None))!;

    /// <summary>These points and no others are told as damaged: in the result, in the catalog, as events and by both sites.</summary>
    private static async Task AssertDamagedAsync(TwoSites world, Guest guest, StoreCheck check, params PointRow[] points)
    {
        var uuids = points.Select(point => point.Uuid).ToList();
        Assert.Equal(uuids, check.DamagedPoints);
        Assert.Equal(uuids, (await world.PointsAsync(world.West, guest)).Where(point => point.Damage.Length > 0).Select(point => point.Uuid));
        await world.SettleAsync();
        var told = world.West.Events.Where(e => e.Kind == SiteEventKind.Damage).ToList();
        Assert.Equal(points.Length, told.Count);
        Assert.All(points, point => Assert.Single(told, e => e.Message.Contains(point.Name, StringComparison.Ordinal) && e.Machine == guest.Uuid));
    }
}
