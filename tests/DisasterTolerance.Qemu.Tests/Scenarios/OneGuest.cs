using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using DisasterTolerance.Qemu.Tests.Guest;
using DisasterTolerance.Qemu.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Qemu.Tests.Scenarios;

/// <summary>One guest and the provider that has it; no sites.</summary>
internal sealed class OneGuest : IAsyncDisposable
{
    private const long DiskBytes = 128 << 20;

    private readonly QemuFolder _folder;

    private OneGuest(QemuFolder folder, Guid machine) => (_folder, Machine) = (folder, machine);

    public Guid Machine { get; }

    public QemuHypervisor Hypervisor => _folder.Hypervisor;

    public GuestConsole Console => new(Path.Combine(_folder.FolderOf(Machine), "serial.log"));

    public MachineRecord Record => new MachineFolders(_folder.Path, null, NullLogger.Instance).Get(Machine, CancellationToken.None);

    public static async Task<OneGuest> StartAsync(string mode, Action<QemuOptions>? configure = null, bool start = true, QemuDiskFormat format = QemuDiskFormat.Qcow2)
    {
        Require.Qemu();
        var image = await GuestImage.NeedAsync();
        var folder = new QemuFolder(options =>
        {
            options.SerialLog = true;
            configure?.Invoke(options);
        });
        var guest = new OneGuest(folder, Guid.NewGuid());
        await folder.CreateAsync(
            new()
            {
                Uuid = guest.Machine,
                Name = "guest",
                MemoryBytes = 128 << 20,
                Append = $"console=ttyS0 quiet panic=-1 {mode}",
                Disks =
                [
                    new() { Id = "kernel", Path = image.Kernel, Kind = DiskKind.Kernel },
                    new() { Id = "initrd", Path = image.InitialRamDisk, Kind = DiskKind.Initrd },
                    new() { Id = "disk0", Path = "disk0", Format = format },
                ],
            },
            new Dictionary<string, long> { ["disk0"] = DiskBytes },
            CancellationToken.None);
        if (start)
        {
            await guest.Hypervisor.StartAsync(guest.Machine, null, CancellationToken.None);
        }

        return guest;
    }

    public SnapshotRequest Request(string id) => new(Machine, id, SnapshotConsistency.Application, TimeSpan.FromSeconds(10));

    /// <summary>Takes a snapshot, reads all of it and releases it.</summary>
    /// <returns>Where the tracker of the disk stood.</returns>
    public async Task<ChangeToken> TakeAndReadAsync(string id, SnapshotOutcome outcome)
    {
        await using var snapshot = await Hypervisor.TakeSnapshotAsync(Request(id), CancellationToken.None);
        await ReadAllAsync(snapshot);
        await Hypervisor.ReleaseSnapshotAsync(Machine, id, outcome, CancellationToken.None);
        return snapshot.Disks.Single(disk => disk.Definition.Id == "disk0").ChangeToken!.Value;
    }

    public static async Task ReadAllAsync(ISnapshot snapshot)
    {
        var disk = snapshot.Disks.Single(disk => disk.Definition.Id == "disk0");
        var buffer = new byte[1 << 20];
        for (long at = 0; at < disk.Definition.LengthBytes; at += buffer.Length)
        {
            await disk.ReadAsync(at, buffer, CancellationToken.None).AsTask().WaitAsync(QemuFolder.HangLimit);
        }

        Assert.Equal(SnapshotStability.Stable, await snapshot.CheckStabilityAsync(CancellationToken.None));
    }

    /// <summary>As <c>kill -9</c> of its QEMU.</summary>
    public async Task KillAsync()
    {
        PidFile.KillRunning(Record.Runtime.Pid);
        while (PidFile.FindRunning(Record.Runtime.Pid) is not null)
        {
            await Task.Delay(20);
        }
    }

    /// <summary>Closes the connections of the present provider, as the end of its process does.</summary>
    public async Task ForgetAsync() => await Hypervisor.Hosts.DropAsync();

    public void Reopen() => _folder.Reopen();

    public ValueTask DisposeAsync() => _folder.DisposeAsync();
}
