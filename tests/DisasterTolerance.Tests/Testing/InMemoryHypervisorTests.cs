using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Hypervisors;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Tests.Testing;

public sealed class InMemoryHypervisorTests
{
    private static readonly Guid Machine = new("11111111-2222-4333-8444-555555555555");

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Disk_RandomWritesTrimsResizesAndSnapshots_MatchAModel(int seed)
    {
        var random = new Random(seed);
        var hypervisor = Create(100_000);
        byte[] model = new byte[100_000];
        var taken = new List<(ISnapshot Snapshot, byte[] Content)>();
        for (int step = 0; step < 400; step++)
        {
            int offset = random.Next(model.Length + 1);
            int length = random.Next(Math.Min(20_000, model.Length - offset) + 1);
            switch (random.Next(8))
            {
                case < 4:
                    random.NextBytes(model.AsSpan(offset, length));
                    hypervisor.WriteDisk(Machine, "d", offset, model.AsSpan(offset, length));
                    break;
                case 4:
                    model.AsSpan(offset, length).Clear();
                    hypervisor.TrimDisk(Machine, "d", offset, length);
                    break;
                case 5:
                    Array.Resize(ref model, random.Next(50_000, 150_000));
                    hypervisor.ResizeDisk(Machine, "d", model.Length);
                    break;
                default:
                    taken.Add((await TakeAsync(hypervisor, $"s-{step}"), (byte[])model.Clone()));
                    break;
            }
        }

        Assert.True(model.AsSpan().SequenceEqual(hypervisor.ReadDisk(Machine, "d", 0, model.Length)), $"The disk differs (seed {seed}).");
        foreach ((ISnapshot snapshot, byte[] content) in taken)
        {
            byte[] read = new byte[snapshot.Disks[0].Definition.LengthBytes];
            await snapshot.Disks[0].ReadAsync(0, read, Token);
            Assert.True(content.AsSpan().SequenceEqual(read), $"Snapshot {snapshot.Id} differs (seed {seed}).");
        }
    }

    [Fact]
    public async Task Disk_Tebibytes_CostNothing()
    {
        var hypervisor = Create(64L << 40);
        hypervisor.WriteDisk(Machine, "d", (64L << 40) - 1, [1]);
        hypervisor.TrimDisk(Machine, "d", 0, 64L << 40);
        hypervisor.WriteDisk(Machine, "d", 5L << 40, [2]);

        await using ISnapshot snapshot = await TakeAsync(hypervisor, "s");
        var data = new List<DiskExtent>();
        await foreach (DiskExtent extent in snapshot.Disks[0].GetExtentsAsync(Token))
        {
            if (extent.Kind == ExtentKind.Data)
            {
                data.Add(extent);
            }
        }

        Assert.Equal(5L << 40, Assert.Single(data).Offset);
    }

    [Theory]
    [InlineData(TrackerBehavior.Exact, true, false)]
    [InlineData(TrackerBehavior.Everything, true, true)]
    [InlineData(TrackerBehavior.Silent, false, false)]
    [InlineData(TrackerBehavior.Unknown, null, null)]
    public async Task GetChangedExtents_Behavior_AnswersAccordingly(TrackerBehavior behavior, bool? namesWritten, bool? namesOther)
    {
        var hypervisor = Create(1 << 20);
        ChangeToken since = (await TakeAsync(hypervisor, "base")).Disks[0].ChangeToken!.Value;
        hypervisor.WriteDisk(Machine, "d", 500_000, [1]);
        hypervisor.SetTracker(Machine, behavior);

        ChangedExtents changed = await hypervisor.GetChangedExtentsAsync(await TakeAsync(hypervisor, "now"), "d", since, Token);

        Assert.Equal(namesWritten, changed.Extents?.Any(extent => extent.Offset <= 500_000 && extent.End > 500_000));
        Assert.Equal(namesOther, changed.Extents?.Any(extent => extent.Offset == 0));
    }

    [Fact]
    public async Task GetChangedExtents_MapsLost_IsUnknown()
    {
        var hypervisor = Create(1 << 20);
        ChangeToken since = (await TakeAsync(hypervisor, "base")).Disks[0].ChangeToken!.Value;
        hypervisor.LoseChangeMaps(Machine);

        ChangedExtents changed = await hypervisor.GetChangedExtentsAsync(await TakeAsync(hypervisor, "now"), "d", since, Token);

        Assert.Null(changed.Extents);
        Assert.NotNull(changed.UnknownBecause);
    }

    [Fact]
    public async Task Start_Twice_IsOneStart()
    {
        var hypervisor = Create(1);
        var seen = new List<MachineStart>();
        hypervisor.Started += seen.Add;

        await hypervisor.StartAsync(Machine, "host1", Token);
        await hypervisor.StartAsync(Machine, null, Token);

        Assert.Equal([new MachineStart(Machine, "host1", _time.GetUtcNow())], hypervisor.Starts);
        Assert.Equal(hypervisor.Starts, seen);
    }

    [Theory]
    [InlineData(5, ShutdownResult.Graceful, 5)]
    [InlineData(500, ShutdownResult.Forced, 60)]
    public async Task ShutDown_GuestTakesTime_WaitsByTheClock(int guestSeconds, ShutdownResult expected, int waitedSeconds)
    {
        var hypervisor = Create(1);
        await hypervisor.StartAsync(Machine, null, Token);
        hypervisor.SetGuest(Machine, TimeSpan.FromSeconds(guestSeconds), isAlive: true);

        Task<ShutdownResult> shutdown = hypervisor.ShutDownAsync(Machine, TimeSpan.FromSeconds(60), Token).AsTask();
        _time.Advance(TimeSpan.FromSeconds(waitedSeconds) - TimeSpan.FromTicks(1));
        Assert.False(shutdown.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(expected, await shutdown);
    }

    [Fact]
    public async Task Disk_MadeUnusable_FailsEverywhere()
    {
        var hypervisor = Create(10);
        ISnapshot earlier = await TakeAsync(hypervisor, "earlier");
        hypervisor.SetDiskUnusable(Machine, "d", isUnusable: true);

        Assert.Equal(ErrorCode.DiskUnusable, (await Assert.ThrowsAsync<HypervisorException>(() => TakeAsync(hypervisor, "s").AsTask())).Code);
        Assert.Equal(ErrorCode.DiskUnusable, (await Assert.ThrowsAsync<HypervisorException>(() => earlier.Disks[0].ReadAsync(0, new byte[1], Token).AsTask())).Code);
        Assert.Equal(ErrorCode.DiskUnusable, (await Assert.ThrowsAsync<HypervisorException>(() => hypervisor.StartAsync(Machine, null, Token).AsTask())).Code);
    }

    [Fact]
    public async Task Disks_AddedAndRemoved_ShowInTheNextSnapshot()
    {
        var hypervisor = Create(10);
        hypervisor.AddDisk(Machine, new DiskDefinition("e", 5));
        hypervisor.RemoveDisk(Machine, "d");

        await using ISnapshot snapshot = await TakeAsync(hypervisor, "s");

        Assert.Equal([new DiskDefinition("e", 5)], snapshot.Definition.Disks);
    }

    [Fact]
    public void HashDisk_SameContentWrittenDifferently_IsEqual()
    {
        var first = Create(100_000);
        var second = Create(100_000);
        first.WriteDisk(Machine, "d", 5_000, [1, 2]);
        second.WriteDisk(Machine, "d", 50_000, [0]);
        second.WriteDisk(Machine, "d", 5_001, [2]);
        second.WriteDisk(Machine, "d", 5_000, [1]);

        Assert.Equal(first.HashDisk(Machine, "d"), second.HashDisk(Machine, "d"));
        second.WriteDisk(Machine, "d", 5_002, [1]);
        Assert.NotEqual(first.HashDisk(Machine, "d"), second.HashDisk(Machine, "d"));
    }

    private InMemoryHypervisor Create(long length)
    {
        var hypervisor = new InMemoryHypervisor(_time);
        hypervisor.AddMachine(Machine, new MachineDefinition { Name = "vm", Disks = [new DiskDefinition("d", length)] });
        return hypervisor;
    }

    private static ValueTask<ISnapshot> TakeAsync(InMemoryHypervisor hypervisor, string id) =>
        hypervisor.TakeSnapshotAsync(new SnapshotRequest(Machine, id, SnapshotConsistency.Application, TimeSpan.FromSeconds(1)), Token);
}
