using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using DisasterTolerance.Qemu.Tests.Support;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>A QEMU that somebody else started: its disks are captured, its power is left to who started it.</summary>
public sealed partial class AttachTests : IAsyncLifetime
{
    private const int Length = 8 << 20;
    private const int BadOffset = 3 << 20;
    private const int Stop = 19;
    private const int Continue = 18;

    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly QemuFolder _folder = new();
    private readonly Guid _machine = Guid.NewGuid();

    private string Folder => _folder.FolderOf(_machine);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _folder.DisposeAsync();

    [Fact]
    public async Task TakeSnapshot_ForeignQemu_ReadsItsDisksAndTracksThem()
    {
        var content = await StartForeignAsync(isBad: false);

        var first = await _folder.Hypervisor.TakeSnapshotAsync(Request("first"), _cancellation);
        await OneGuest.ReadAllAsync(first);
        var read = new byte[Length];
        await first.Disks[0].ReadAsync(0, read, _cancellation);
        await _folder.Hypervisor.ReleaseSnapshotAsync(_machine, "first", SnapshotOutcome.Captured, _cancellation);
        var second = await _folder.Hypervisor.TakeSnapshotAsync(Request("second"), _cancellation);
        var changed = await _folder.Hypervisor.GetChangedExtentsAsync(second, "disk0", first.Disks[0].ChangeToken!.Value, _cancellation);
        await _folder.Hypervisor.ReleaseSnapshotAsync(_machine, "second", SnapshotOutcome.Captured, _cancellation);

        Assert.Equal(content, read);
        Assert.Equal(SnapshotConsistency.Crash, first.Consistency);
        Assert.Empty(changed.Extents!);
        Assert.Equal(PowerState.On, (await _folder.Hypervisor.FindMachineAsync(_machine, _cancellation))!.Power);
        Assert.Equal(ErrorCode.HypervisorFailed, (await Assert.ThrowsAsync<HypervisorException>(() => _folder.Hypervisor.RegisterAsync(_machine, first.Definition, _cancellation).AsTask())).Code);
    }

    [Fact]
    public async Task Read_DiskReportsAnError_EndsWithThatCauseAndTheNextRunWorks()
    {
        var content = await StartForeignAsync(isBad: true);
        var snapshot = await _folder.Hypervisor.TakeSnapshotAsync(Request("bad"), _cancellation);

        var failure = await Assert.ThrowsAsync<HypervisorException>(() => snapshot.Disks[0].ReadAsync(0, new byte[Length], _cancellation).AsTask());

        Assert.True(failure.Code == ErrorCode.DiskUnusable, failure.ToString());
        Assert.Contains("'disk0'", failure.Message, StringComparison.Ordinal);
        await _folder.Hypervisor.ReleaseSnapshotAsync(_machine, "bad", SnapshotOutcome.Abandoned, _cancellation);

        // The device is repaired: the error was injected once.
        var next = await _folder.Hypervisor.TakeSnapshotAsync(Request("good"), _cancellation);
        var read = new byte[Length];
        await next.Disks[0].ReadAsync(0, read, _cancellation);
        Assert.Equal(content, read);
        await _folder.Hypervisor.ReleaseSnapshotAsync(_machine, "good", SnapshotOutcome.Captured, _cancellation);
    }

    [Fact]
    public async Task TakeSnapshot_SomebodyElseServes_IsRefusedAndTheirServerStays()
    {
        await StartForeignAsync(isBad: false);
        await using var lease = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation);
        await lease.Host.ExecuteAsync("nbd-server-start", new() { ["addr"] = new JsonObject { ["type"] = "unix", ["data"] = new JsonObject { ["path"] = Path.Combine(Folder, "their-nbd") } } }, _cancellation);

        var failure = await Assert.ThrowsAsync<HypervisorException>(() => _folder.Hypervisor.TakeSnapshotAsync(Request("refused"), _cancellation).AsTask());

        Assert.Contains("somebody else", failure.Message, StringComparison.Ordinal);
        Assert.Empty(await _folder.Hypervisor.ListSnapshotsAsync(_machine, _cancellation).ToListAsync(_cancellation));
        Assert.False(await lease.Host.TryAsync("nbd-server-start", new() { ["addr"] = new JsonObject { ["type"] = "unix", ["data"] = new JsonObject { ["path"] = Path.Combine(Folder, "third") } } }, _cancellation));
        Assert.Equal(0, (await lease.Host.ExecuteAsync("query-jobs", null, _cancellation)).GetArrayLength());
    }

    [Fact]
    public async Task TakeSnapshot_NodeThatTheGuestLeft_IsRefused()
    {
        await StartForeignAsync(isBad: false);
        await using var lease = await _folder.Hypervisor.Hosts.FindQemuAsync(Record, _cancellation);
        await lease.Host.ExecuteAsync("blockdev-snapshot-sync", new() { ["node-name"] = "theirs", ["snapshot-file"] = Path.Combine(Folder, "top.qcow2"), ["snapshot-node-name"] = "top" }, _cancellation);

        var failure = await Assert.ThrowsAsync<HypervisorException>(() => _folder.Hypervisor.TakeSnapshotAsync(Request("old"), _cancellation).AsTask());

        Assert.Equal(ErrorCode.DiskUnusable, failure.Code);
    }

    private MachineRecord Record => new MachineFolders(_folder.Path, null, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance).Get(_machine, _cancellation);

    [Fact]
    public async Task ShutDown_ForeignQemuHangs_IsNotReportedAsOff()
    {
        await StartForeignAsync(isBad: false);
        _folder.Reopen(options => options.CommandTimeout = TimeSpan.FromSeconds(1));
        var pid = PidFile.FindRunning(Path.Combine(Folder, "their-pid"))!.Value;
        Assert.Equal(0, Kill(pid, Stop));
        try
        {
            var failure = await Assert.ThrowsAsync<HypervisorException>(() => _folder.Hypervisor.ShutDownAsync(_machine, TimeSpan.Zero, _cancellation).AsTask());

            Assert.True(failure.IsTransient, failure.Message);
            Assert.Equal(pid, PidFile.FindRunning(Path.Combine(Folder, "their-pid")));
        }
        finally
        {
            Assert.Equal(0, Kill(pid, Continue));
        }
    }

    [Fact]
    public async Task ShutDown_ForeignQemu_ReturnsWhenItsProcessHasEnded()
    {
        await StartForeignAsync(isBad: false);
        var pid = PidFile.FindRunning(Path.Combine(Folder, "their-pid"))!.Value;
        Assert.True(PidFile.IsRunningQemu(pid));

        Assert.Equal(ShutdownResult.Forced, await _folder.Hypervisor.ShutDownAsync(_machine, TimeSpan.Zero, _cancellation));

        Assert.False(PidFile.IsRunningQemu(pid));
        Assert.Equal(ShutdownResult.WasOff, await _folder.Hypervisor.ShutDownAsync(_machine, TimeSpan.Zero, _cancellation));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private SnapshotRequest Request(string id) => new(_machine, id, SnapshotConsistency.Application, TimeSpan.FromSeconds(5));

    /// <summary>Starts a QEMU with one raw disk, as somebody with a tool of their own does.</summary>
    private async Task<byte[]> StartForeignAsync(bool isBad)
    {
        Require.Qemu();
        Directory.CreateDirectory(Folder);
        var path = Path.Combine(Folder, "theirs.raw");
        var content = new byte[Length];
        new Random(1).NextBytes(content);
        await File.WriteAllBytesAsync(path, content, _cancellation);
        JsonObject file = new() { ["driver"] = "file", ["filename"] = path };
        var protocol = !isBad ? file : new()
        {
            ["driver"] = "blkdebug",
            ["image"] = file,
            ["inject-error"] = new JsonArray(new JsonObject { ["event"] = "none", ["iotype"] = "read", ["errno"] = 5, ["sector"] = BadOffset / 512, ["once"] = true, ["immediately"] = true }),
        };
        JsonObject disk = new() { ["driver"] = "raw", ["node-name"] = "theirs", ["file"] = protocol };
        await Tool.RunAsync(
            "qemu-system-x86_64",
            [
                "-machine", "q35,accel=tcg", "-m", "64", "-display", "none", "-nodefaults", "-S", "-daemonize", "-pidfile", Path.Combine(Folder, "their-pid"),
                "-qmp", $"unix:{Folder}/theirs,server=on,wait=off", "-blockdev", disk.ToJsonString(), "-device", "virtio-blk-pci,drive=theirs",
            ],
            QemuFolder.HangLimit,
            TimeProvider.System,
            _cancellation);
        MachineFile.Write(
            Folder,
            new()
            {
                Uuid = _machine,
                Name = "theirs",
                Attach = new() { Qmp = Path.Combine(Folder, "theirs") },
                Disks = [new() { Id = "disk0", Path = path, Format = QemuDiskFormat.Raw, Node = "theirs" }],
            });
        return content;
    }
}
