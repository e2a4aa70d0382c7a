using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.InstantBoot;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Tests.Support;
using DisasterTolerance.Testing.Conformance;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Qemu.Tests.InstantBoot;

/// <summary>A QEMU with two disks at exports. Whatever fails in the middle of a switch, the guest goes on only when the definition says where its disks are.</summary>
public sealed class DiskPullTests : IAsyncLifetime
{
    private const long Length = 4 << 20;

    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly QemuFolder _folder = new();
    private readonly ServedExports _served = new();
    private readonly Guid _machine = Guid.NewGuid();
    private readonly Dictionary<string, ServedExport> _exports = [];

    private MachineRecord Record => new MachineFolders(_folder.Path, null, NullLogger.Instance).Get(_machine, CancellationToken.None);

    public async ValueTask InitializeAsync()
    {
        Require.Qemu();
        string[] disks = ["one", "two"];
        foreach (var disk in disks)
        {
            _exports[disk] = _served.Serve(Length);
        }

        await _folder.Hypervisor.StartFromExportsAsync(
            _machine,
            new() { Name = "two disks", Disks = [.. disks.Select(disk => new DiskDefinition(disk, Length))], MemoryBytes = 64 << 20 },
            _exports.ToDictionary(export => export.Key, export => export.Value.Address),
            null,
            _cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _folder.DisposeAsync();
        await _served.DisposeAsync();
    }

    [Fact]
    public async Task PullDisks_SecondJobEndsBeforeTheSwitch_WritesDownTheFirstAndGoesOn()
    {
        await using var lease = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation);
        await BecomeReadyAsync(lease.Host);
        await CancelAsync(lease.Host, "two");
        var switching = new DiskSwitch(new() { Path = _folder.Path }, new(_folder.Path, null, NullLogger.Instance), NullLogger.Instance);

        var failure = await Assert.ThrowsAsync<HypervisorException>(() => switching.SwitchAsync(Record, lease.Host, Pull.Of(Record), _cancellation).AsTask());

        Assert.True(failure.IsTransient, failure.Message);
        Assert.Contains("'two'", failure.Message, StringComparison.Ordinal);
        Assert.Equal(["two"], Record.Document.Exports!.Keys);
        Assert.Equal("running", await lease.Host.ReadStatusAsync(_cancellation));
        await PullAsync();
        Assert.Null(Record.Document.Exports);
        Assert.Equal(["dtp-one", "dtp-two"], await RootsAsync(lease.Host));
    }

    [Fact]
    public async Task PullDisks_DefinitionCannotBeWritten_LeavesTheGuestStandingUntilItCan()
    {
        await using var lease = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation);
        var obstacle = Directory.CreateDirectory(Path.Combine(Record.Folder, "machine.json.new"));

        await Assert.ThrowsAsync<HypervisorException>(() => PullAsync().AsTask());

        Assert.Equal("paused", await lease.Host.ReadStatusAsync(_cancellation));
        Assert.Equal(2, Record.Document.Exports!.Count);
        obstacle.Delete();
        await PullAsync();
        Assert.Null(Record.Document.Exports);
        Assert.Equal("running", await lease.Host.ReadStatusAsync(_cancellation));
    }

    [Fact]
    public async Task PullDisks_ProviderKilledInMidSwitch_SwitchesWhatIsReadyAndPullsTheRest()
    {
        await using (var lease = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation))
        {
            await BecomeReadyAsync(lease.Host);
            await CancelAsync(lease.Host, "two");
            await lease.Host.ExecuteAsync("stop", null, _cancellation);
        }

        await _folder.Hypervisor.Hosts.DropAsync();
        _folder.Reopen();
        List<string> left = [];

        await PullAsync(new Told(_ => left.AddRange(Record.Document.Exports!.Keys)));

        Assert.Equal("two", Assert.Single(left.Distinct()));
        Assert.Null(Record.Document.Exports);
        await using var now = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation);
        Assert.Equal("running", await now.Host.ReadStatusAsync(_cancellation));
        Assert.Equal(["dtp-one", "dtp-two"], await RootsAsync(now.Host));
    }

    [Fact]
    public async Task PullDisks_ProviderKilledAfterTheDefinitionWasWritten_LetsTheGuestGoOn()
    {
        await using var lease = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation);
        await BecomeReadyAsync(lease.Host);
        await lease.Host.ExecuteAsync("stop", null, _cancellation);
        foreach (var pull in Pull.Of(Record))
        {
            await lease.Host.ExecuteAsync("job-complete", new() { ["id"] = pull.Job }, _cancellation);
        }

        await Scenarios.TwoQemuSites.UntilAsync(
            async () => (await MirrorJob.ReadAsync(lease.Host, _cancellation)).Values.Count(job => job.IsConcluded) == 2, "both disks are switched");
        MachineFile.Write(Record.Folder, Record.Document with { Exports = null });

        await PullAsync();

        Assert.Equal("running", await lease.Host.ReadStatusAsync(_cancellation));
        Assert.Empty(await MirrorJob.ReadAsync(lease.Host, _cancellation));
        Assert.Equal(["dtp-one", "dtp-two"], await RootsAsync(lease.Host));
    }

    [Fact]
    public async Task ShutDown_StoodStillInMidSwitch_IsNotContinued()
    {
        await using (var lease = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation))
        {
            await lease.Host.ExecuteAsync("stop", null, _cancellation);
            using var resumed = lease.Host.Expect(e => e.Name == "RESUME");

            var result = await _folder.Hypervisor.ShutDownAsync(_machine, TimeSpan.FromSeconds(2), _cancellation);

            Assert.Equal(ShutdownResult.Forced, result);
            Assert.Null(await resumed.WaitAsync(QemuFolder.HangLimit, TimeProvider.System, _cancellation));
        }

        Assert.Equal(2, Record.Document.Exports!.Count);
    }

    [Fact]
    public async Task PullDisks_DefinitionNamesAnExportAndTheGuestIsOnItsOwnDisk_DeletesNothing()
    {
        var before = Record.Document.Exports;
        await PullAsync();
        MachineFile.Write(Record.Folder, Record.Document with { Exports = before });
        await _folder.Hypervisor.ShutDownAsync(_machine, TimeSpan.Zero, _cancellation);
        MachineFile.Write(Record.Folder, Record.Document with { Exports = null });
        await _folder.Hypervisor.StartAsync(_machine, null, _cancellation);
        MachineFile.Write(Record.Folder, Record.Document with { Exports = before });

        var failure = await Assert.ThrowsAsync<HypervisorException>(() => PullAsync().AsTask());

        Assert.Contains("Nothing was changed", failure.Message, StringComparison.Ordinal);
        Assert.All(Record.BlockDisks, disk => Assert.True(File.Exists(Record.PathOf(disk))));
    }

    private ValueTask PullAsync(IProgress<long>? told = null) => _folder.Hypervisor.PullDisksAsync(_machine, told, _cancellation);

    /// <summary>A pull that is cancelled when it is about to switch.</summary>
    private async Task BecomeReadyAsync(BlockHost qemu)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _folder.Hypervisor.PullDisksAsync(_machine, new Told(_ => cancel.Cancel()), cancel.Token).AsTask());
        await Scenarios.TwoQemuSites.UntilAsync(
            async () => (await MirrorJob.ReadAsync(qemu, _cancellation)).Values.Count(job => job.IsReady) == 2, "both jobs are ready");
    }

    private async Task CancelAsync(BlockHost qemu, string disk)
    {
        var job = BlockNames.MirrorJob(disk);
        using var concluded = qemu.Expect(e => e.Name == "JOB_STATUS_CHANGE" && e.Text("id") == job && e.Text("status") == "concluded");
        await qemu.ExecuteAsync("block-job-cancel", new() { ["device"] = job }, _cancellation);
        Assert.NotNull(await concluded.WaitAsync(QemuFolder.HangLimit, TimeProvider.System, _cancellation));
    }

    private async Task<List<string>> RootsAsync(BlockHost qemu)
    {
        var graph = await qemu.ReadGraphAsync(_cancellation);
        return [.. Record.BlockDisks.Select(disk => graph.Find(Record, disk)!.Name)];
    }

    /// <summary>Tells at once, on the caller's thread.</summary>
    private sealed class Told(Action<long> tell) : IProgress<long>
    {
        public void Report(long value) => tell(value);
    }
}
