using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Hypervisors;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Tests.Testing;

public sealed class FaultPlanTests
{
    private static readonly Guid Machine = new("11111111-2222-4333-8444-555555555555");

    private readonly FakeTimeProvider _time = new();
    private readonly InMemoryHypervisor _inner;
    private readonly FaultPlan _plan;
    private readonly FaultyHypervisor _faulty;

    public FaultPlanTests()
    {
        _inner = new InMemoryHypervisor(_time);
        _inner.AddMachine(Machine, new MachineDefinition { Name = "vm", Disks = [new DiskDefinition("d", 100)] });
        _plan = new FaultPlan(_time);
        _faulty = FaultyHypervisor.Wrap(_inner, _plan);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Error_SecondAndThirdCall_OnlyThoseFail()
    {
        _plan.Add(new Fault { Operation = "Hypervisor.FindMachine", OnCall = 2, Times = 2 });
        var failed = new List<bool>();
        for (int call = 0; call < 5; call++)
        {
            failed.Add(await FailsAsync(() => _faulty.FindMachineAsync(Machine, Token)));
        }

        Assert.Equal([false, true, true, false, false], failed);
        Assert.Equal(5, _plan.CountCalls("Hypervisor.*"));
        _plan.VerifyAllFired();
    }

    [Fact]
    public async Task Error_BeforeAndAfter_DifferInEffect()
    {
        _plan.Add(new Fault { Operation = "Hypervisor.Start", Point = FaultPoint.Before });
        Assert.True(await FailsAsync(() => _faulty.StartAsync(Machine, null, Token)));
        Assert.Empty(_inner.Starts);

        _plan.Add(new Fault { Operation = "Hypervisor.Start", Point = FaultPoint.After });
        Assert.True(await FailsAsync(() => _faulty.StartAsync(Machine, null, Token)));
        Assert.Single(_inner.Starts);
    }

    [Fact]
    public async Task Error_InsideAWrite_HalfIsWritten()
    {
        _plan.Add(new Fault { Operation = "TargetDisk.Write", Point = FaultPoint.Inside });
        await using ITargetDisk disk = await _faulty.OpenDiskAsync(Machine, new DiskDefinition("d", 100), Token);

        Assert.True(await FailsAsync(() => disk.WriteAsync(0, new byte[] { 1, 2, 3, 4 }, Token)));

        Assert.Equal([1, 2, 0, 0], _inner.ReadDisk(Machine, "d", 0, 4));
    }

    [Fact]
    public async Task Error_OwnException_IsThrown()
    {
        _plan.Add(new Fault { Operation = "Hypervisor.Start", Error = () => new HypervisorException(ErrorCode.HostNotFound, Machine, "gone") });

        var error = await Assert.ThrowsAsync<HypervisorException>(() => _faulty.StartAsync(Machine, null, Token).AsTask());

        Assert.Equal(ErrorCode.HostNotFound, error.Code);
    }

    [Fact]
    public async Task Crash_AnyCall_StopsAllCallsUntilRestart()
    {
        _plan.Add(new Fault { Operation = "*", OnCall = 2, Kind = FaultKind.Crash, Point = FaultPoint.After });
        await _faulty.FindMachineAsync(Machine, Token);
        await Assert.ThrowsAsync<SimulatedCrashException>(() => _faulty.StartAsync(Machine, null, Token).AsTask());

        Assert.True(_plan.IsCrashed);
        await Assert.ThrowsAsync<SimulatedCrashException>(() => _faulty.FindMachineAsync(Machine, Token).AsTask());
        Assert.Single(_inner.Starts);

        _plan.Restart();
        Assert.NotNull(await _faulty.FindMachineAsync(Machine, Token));
        _plan.VerifyAllFired();
    }

    [Fact]
    public async Task Crash_WhileACallIsDelayed_ThatCallDiesToo()
    {
        _plan.Add(new Fault { Operation = "Hypervisor.Start", Kind = FaultKind.Delay, Delay = TimeSpan.FromHours(1) });
        Task start = _faulty.StartAsync(Machine, null, Token).AsTask();
        _plan.Crash();
        _time.Advance(TimeSpan.FromHours(1));

        await Assert.ThrowsAsync<SimulatedCrashException>(() => start);
        Assert.Empty(_inner.Starts);
    }

    [Fact]
    public async Task Delay_Call_WaitsByTheClock()
    {
        _plan.Add(new Fault { Operation = "Hypervisor.FindMachine", Kind = FaultKind.Delay, Delay = TimeSpan.FromDays(2) });
        Task<MachineInfo?> find = _faulty.FindMachineAsync(Machine, Token).AsTask();
        _time.Advance(TimeSpan.FromDays(2) - TimeSpan.FromTicks(1));
        Assert.False(find.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.NotNull(await find);
    }

    [Fact]
    public async Task Delay_Infinite_EndsByCancellation()
    {
        _plan.Add(new Fault { Operation = "Snapshot.Read", Kind = FaultKind.Delay, Delay = Timeout.InfiniteTimeSpan });
        await using ISnapshot snapshot = await TakeAsync();
        using var cancellation = new CancellationTokenSource();
        Task read = snapshot.Disks[0].ReadAsync(0, new byte[1], cancellation.Token).AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task Action_Call_RunsAndGoesOn()
    {
        _plan.Add(new Fault
        {
            Operation = "Hypervisor.TakeSnapshot",
            Kind = FaultKind.Action,
            Action = _ =>
            {
                _inner.WriteDisk(Machine, "d", 0, [42]);
                return ValueTask.CompletedTask;
            },
        });
        await using ISnapshot snapshot = await TakeAsync();
        byte[] content = new byte[1];
        await snapshot.Disks[0].ReadAsync(0, content, Token);

        Assert.Equal([42], content);
    }

    [Fact]
    public async Task Subject_OtherMachine_IsNotCounted()
    {
        _plan.Add(new Fault { Operation = "Hypervisor.FindMachine", Subject = subject => subject == Machine.ToString() });

        Assert.False(await FailsAsync(() => _faulty.FindMachineAsync(Guid.Empty, Token)));
        Assert.True(await FailsAsync(() => _faulty.FindMachineAsync(Machine, Token)));
    }

    [Fact]
    public void VerifyAllFired_UnfiredFault_NamesIt()
    {
        _plan.Add(new Fault { Operation = "Hypervisor.Start", OnCall = 3 });

        var error = Assert.Throws<InvalidOperationException>(_plan.VerifyAllFired);

        Assert.Contains("Hypervisor.Start", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrap_OptionalAbilities_ArePreservedAndNotInvented()
    {
        Assert.True(_faulty is IChangedBlockTracker and IGuestAgent);
        var plain = FaultyHypervisor.Wrap(NSubstitute.Substitute.For<IHypervisorProvider>(), _plan);
        Assert.False(plain is IChangedBlockTracker or IGuestAgent);

        await using ISnapshot since = await TakeAsync();
        ChangedExtents changed = await ((IChangedBlockTracker)_faulty).GetChangedExtentsAsync(since, "d", since.Disks[0].ChangeToken!.Value, Token);
        Assert.NotNull(changed.Extents);
    }

    private static async Task<bool> FailsAsync(Func<ValueTask> call)
    {
        try
        {
            await call();
            return false;
        }
        catch (HypervisorException error) when (error.IsTransient)
        {
            return true;
        }
    }

    private static Task<bool> FailsAsync<T>(Func<ValueTask<T>> call) => FailsAsync(async () => { await call(); });

    private ValueTask<ISnapshot> TakeAsync() =>
        _faulty.TakeSnapshotAsync(new SnapshotRequest(Machine, "s", SnapshotConsistency.Application, TimeSpan.FromSeconds(1)), Token);
}
