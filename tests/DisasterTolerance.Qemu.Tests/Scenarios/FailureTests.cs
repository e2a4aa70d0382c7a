using System.Diagnostics;
using System.Runtime.InteropServices;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Processes;
using DisasterTolerance.Qemu.Snapshots;
using DisasterTolerance.Qemu.Tests.Guest;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>A QEMU that hangs, dies or runs out of room ends the run with that cause, and the next one works. A killed provider leaves nothing that hurts the guest.</summary>
public sealed partial class FailureTests
{
    private const long Mebibyte = 1 << 20;
    private const int Stop = 19;
    private const int Continue = 18;

    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Snapshot_QemuHangs_EndsWithThatCauseAndTheNextOneWorks()
    {
        await using var guest = await OneGuest.StartAsync("mode=write pause=20", options => options.CommandTimeout = TimeSpan.FromSeconds(2));
        await guest.Console.SaysAsync("wrote 3 ");
        var pid = PidFile.FindRunning(guest.Record.Runtime.Pid)!.Value;
        Assert.Equal(0, Kill(pid, Stop));

        var failure = await Assert.ThrowsAsync<HypervisorException>(() => guest.Hypervisor.TakeSnapshotAsync(guest.Request("hangs"), _cancellation).AsTask());

        Assert.Equal(0, Kill(pid, Continue));
        Assert.True(failure.IsTransient);
        Assert.Contains("hangs", failure.Message, StringComparison.Ordinal);
        await guest.TakeAndReadAsync("works", SnapshotOutcome.Captured);
        await guest.Console.WritesAsync(2);
    }

    [Fact]
    public async Task Snapshot_QemuDiesWhileItIsRead_SaysSoAndTheNextRunComparesEverything()
    {
        await using var guest = await OneGuest.StartAsync("mode=write pause=20");
        await guest.Console.SaysAsync("wrote 3 ");
        var since = await guest.TakeAndReadAsync("first", SnapshotOutcome.Captured);
        var snapshot = await guest.Hypervisor.TakeSnapshotAsync(guest.Request("second"), _cancellation);
        await guest.KillAsync();

        var failure = await Assert.ThrowsAsync<HypervisorException>(() => OneGuest.ReadAllAsync(snapshot));
        await guest.Hypervisor.ReleaseSnapshotAsync(guest.Machine, "second", SnapshotOutcome.Abandoned, _cancellation);

        Assert.True(failure.IsTransient, failure.Message);
        await guest.Hypervisor.StartAsync(guest.Machine, null, _cancellation);
        await guest.Console.SaysAsync("wrote ");
        await using var third = await guest.Hypervisor.TakeSnapshotAsync(guest.Request("third"), _cancellation);
        var changed = await guest.Hypervisor.GetChangedExtentsAsync(third, "disk0", since, _cancellation);
        Assert.Null(changed.Extents);
        Assert.NotEmpty(changed.UnknownBecause!);
        await OneGuest.ReadAllAsync(third);
        await guest.Hypervisor.ReleaseSnapshotAsync(guest.Machine, "third", SnapshotOutcome.Captured, _cancellation);
    }

    [Fact]
    public async Task Snapshot_NoRoomForWhatTheGuestOverwrites_IsGivenUpAndTheGuestGoesOn()
    {
        Assert.SkipUnless(Environment.UserName == "root", "skipped: no root");
        await using var guest = await OneGuest.StartAsync("mode=write kib=1024 keep=4", start: false);
        var fleece = Directory.CreateDirectory(Path.Combine(guest.Record.Folder, "fleece")).FullName;
        Assert.Equal(0, (await ForeignProgram.RunAsync("mount", "-t", "tmpfs", "-o", "size=4M", "tmpfs", fleece)).ExitCode);
        try
        {
            await guest.Hypervisor.StartAsync(guest.Machine, null, _cancellation);
            await guest.Console.SaysAsync("wrote 12 ");
            var snapshot = await guest.Hypervisor.TakeSnapshotAsync(guest.Request("small"), _cancellation);

            await TwoQemuSites.UntilAsync(() => Task.FromResult(((QemuSnapshot)snapshot).Open.Fault is not null), "the snapshot is given up");

            await guest.Console.WritesAsync(5);
            var failure = await Assert.ThrowsAsync<HypervisorException>(() => OneGuest.ReadAllAsync(snapshot));
            Assert.Contains("room", failure.Message, StringComparison.Ordinal);
            await guest.Hypervisor.ReleaseSnapshotAsync(guest.Machine, "small", SnapshotOutcome.Abandoned, _cancellation);
            Assert.DoesNotContain(guest.Console.Said, line => line.StartsWith("ERROR", StringComparison.Ordinal));
        }
        finally
        {
            Assert.Equal(0, (await ForeignProgram.RunAsync("umount", "-l", fleece)).ExitCode);
        }

        await guest.TakeAndReadAsync("works", SnapshotOutcome.Captured);
    }

    [Fact]
    public async Task Open_GuestFrozenAndFleecedByAKilledProvider_IsThawedAndFreed()
    {
        await using var guest = await OneGuest.StartAsync("mode=write pause=20");
        await guest.Console.SaysAsync("wrote 3 ");
        await TwoQemuSites.UntilAsync(async () => await guest.Hypervisor.IsAliveAsync(guest.Machine, _cancellation), "the agent answers");
        await guest.Hypervisor.TakeSnapshotAsync(guest.Request("lost"), _cancellation);

        // What a provider leaves that is killed between freeze and thaw: the journal says so, and the guest is frozen.
        var journal = SnapshotJournal.Read(guest.Machine, guest.Record.Folder);
        journal.IsFrozen = true;
        journal.Write(guest.Machine, guest.Record.Folder);
        using (var agent = await Agent.GuestAgent.ConnectAsync(guest.Record.Runtime.Agent!, TimeSpan.FromSeconds(20), TimeProvider.System, _cancellation))
        {
            await agent!.ExecuteAsync("guest-fsfreeze-freeze", null, TimeSpan.FromSeconds(20), _cancellation);
        }

        await guest.ForgetAsync();
        guest.Reopen();
        await guest.Hypervisor.Cleaning.WaitAsync(GuestRunLimit, _cancellation);

        await guest.Console.WritesAsync(3);
        Assert.False(SnapshotJournal.Read(guest.Machine, guest.Record.Folder).IsFrozen);
        Assert.Empty(Directory.GetFiles(Path.Combine(guest.Record.Folder, "fleece")));
        await using var lease = await guest.Hypervisor.Hosts.FindQemuAsync(guest.Record, _cancellation);
        Assert.Equal(0, (await lease.Host.ExecuteAsync("query-jobs", null, _cancellation)).GetArrayLength());
        Assert.Equal(0, (await lease.Host.ExecuteAsync("query-block-exports", null, _cancellation)).GetArrayLength());

        // Its bitmap is of use as soon as somebody says that the point was made.
        Assert.Equal(["lost"], await guest.Hypervisor.ListSnapshotsAsync(guest.Machine, _cancellation).ToListAsync(_cancellation));
        await guest.Hypervisor.ReleaseSnapshotAsync(guest.Machine, "lost", SnapshotOutcome.Captured, _cancellation);
        await using var next = await guest.Hypervisor.TakeSnapshotAsync(guest.Request("next"), _cancellation);
        Assert.NotNull((await guest.Hypervisor.GetChangedExtentsAsync(next, "disk0", new(Blocks.BlockNames.Bitmap(Guid.Empty, "lost")), _cancellation)).Extents);
    }

    [Fact]
    public async Task Snapshot_FailsBeforeItsTransaction_KeepsTheTracker()
    {
        await using var guest = await OneGuest.StartAsync("mode=write pause=20");
        await guest.Console.SaysAsync("wrote 3 ");
        var since = await guest.TakeAndReadAsync("first", SnapshotOutcome.Captured);
        var fleece = Path.Combine(guest.Record.Folder, "fleece");
        Directory.Delete(fleece);
        await File.WriteAllTextAsync(fleece, "in the way", _cancellation);

        await Assert.ThrowsAsync<HypervisorException>(() => guest.Hypervisor.TakeSnapshotAsync(guest.Request("fails"), _cancellation).AsTask());

        File.Delete(fleece);
        await using var next = await guest.Hypervisor.TakeSnapshotAsync(guest.Request("next"), _cancellation);
        Assert.NotEmpty((await guest.Hypervisor.GetChangedExtentsAsync(next, "disk0", since, _cancellation)).Extents!);
        await guest.Hypervisor.ReleaseSnapshotAsync(guest.Machine, "next", SnapshotOutcome.Captured, _cancellation);
    }

    [Fact]
    public async Task Snapshot_ForeignBitmapAndJob_AreLeftAlone()
    {
        await using var guest = await OneGuest.StartAsync("mode=write pause=20");
        await guest.Console.SaysAsync("wrote 3 ");
        await using var lease = await guest.Hypervisor.Hosts.FindQemuAsync(guest.Record, _cancellation);
        await lease.Host.ExecuteAsync("block-dirty-bitmap-add", new() { ["node"] = "dt-disk0", ["name"] = "dt.somebody.else", ["persistent"] = true }, _cancellation);

        await guest.TakeAndReadAsync("one", SnapshotOutcome.Captured);
        await guest.TakeAndReadAsync("two", SnapshotOutcome.Abandoned);
        await guest.TakeAndReadAsync("three", SnapshotOutcome.Captured);

        var node = (await lease.Host.ReadGraphAsync(_cancellation)).Node("dt-disk0")!;
        Assert.Equal([Blocks.BlockNames.Bitmap(Guid.Empty, "three"), "dt.somebody.else"], node.Bitmaps.Select(bitmap => bitmap.Name).Order(StringComparer.Ordinal));
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    private static readonly TimeSpan GuestRunLimit = TimeSpan.FromMinutes(2);
}
