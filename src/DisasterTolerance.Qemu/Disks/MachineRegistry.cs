using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Disks;

/// <summary>Makes machines known and unknown, and opens their disks for writing. The caller holds the machine's gate and knows that the machine is off.</summary>
internal sealed class MachineRegistry(QemuOptions options, MachineFolders folders, BlockHosts hosts)
{
    private readonly DiskFiles _files = new(options);

    /// <summary>Writes a machine's definition with the disks that were prepared.</summary>
    public void Register(Guid machine, MachineDefinition definition, CancellationToken cancellationToken)
    {
        var before = folders.Find(machine, cancellationToken);
        var folder = before?.Folder ?? folders.NewFolder(machine);
        List<DiskEntry> disks = [];
        foreach (var disk in definition.Disks)
        {
            var entry = _files.Locate(before, folder, disk);
            var path = Path.GetFullPath(entry.Path, folder);
            if (!File.Exists(path))
            {
                throw MachineErrors.Disk(machine, disk.Id, path, "it was not prepared before the machine was registered");
            }

            if (ImageHeader.LengthOf(machine, entry, path) is var length && length != disk.LengthBytes && !BlockDevice.IsDevice(path))
            {
                throw MachineErrors.Disk(machine, disk.Id, path, $"it has {length:N0} bytes and not {disk.LengthBytes:N0}");
            }

            disks.Add(entry);
        }

        MachineFile.Write(folder, DefinitionMapping.ToDocument(machine, definition, disks, before?.Document));
    }

    /// <summary>Takes a machine's definition away, and its disks if asked.</summary>
    public static void Unregister(MachineRecord machine, bool deleteDisks)
    {
        try
        {
            File.Delete(Path.Combine(machine.Folder, MachineFile.Name));
            DurableFile.SyncDirectory(machine.Folder);
            if (!deleteDisks)
            {
                return;
            }

            foreach (var path in machine.Document.Disks.Select(machine.PathOf).Where(path => !BlockDevice.IsDevice(path)))
            {
                File.Delete(path);
            }

            foreach (var folder in new[] { Path.Combine(machine.Folder, "fleece"), machine.Runtime.Folder }.Where(Directory.Exists))
            {
                Directory.Delete(folder, recursive: true);
            }

            File.Delete(Path.Combine(machine.Folder, "snapshots.json"));
            File.Delete(Processes.CommandLine.SerialLog(machine));
            if (Directory.GetFileSystemEntries(machine.Folder).Length == 0)
            {
                Directory.Delete(machine.Folder);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Folder(machine.Uuid, machine.Folder, e);
        }
    }

    /// <summary>Opens a disk, made or given its length first.</summary>
    public async ValueTask<ITargetDisk> OpenAsync(Guid machine, DiskDefinition disk, CancellationToken cancellationToken)
    {
        var known = folders.Find(machine, cancellationToken);
        var folder = known?.Folder ?? folders.NewFolder(machine);
        var runtime = (known?.Runtime ?? folders.RuntimeOf(machine, folder, null)).ForDisk(disk.Id);
        await hosts.StopDaemonAsync(machine, runtime, cancellationToken).ConfigureAwait(false);
        var entry = _files.Locate(known, folder, disk);
        var path = Path.GetFullPath(entry.Path, folder);
        var (isNew, before) = await _files.PrepareAsync(machine, entry, path, disk.LengthBytes, cancellationToken).ConfigureAwait(false);
        var node = BlockNames.Node(disk.Id);
        var lease = await hosts.StartDaemonAsync(machine, runtime, [BlockDevice.OfFile(node, path, entry.Format, BlockDevice.IsDevice(path))], cancellationToken).ConfigureAwait(false);
        try
        {
            await lease.Host.StartServerAsync(cancellationToken).ConfigureAwait(false);
            await lease.Host.ExecuteAsync("block-export-add", new() { ["type"] = "nbd", ["id"] = node, ["node-name"] = node, ["name"] = node, ["writable"] = true }, cancellationToken).ConfigureAwait(false);
            var client = await NbdClient.ConnectAsync(
                new()
                {
                    Server = new System.Net.Sockets.UnixDomainSocketEndPoint(lease.Host.NbdPath),
                    Export = node,
                    Contexts = [NbdExtent.BaseAllocation],
                    Time = options.Time,
                },
                cancellationToken).ConfigureAwait(false);
            if (before < client.Length && !BlockDevice.IsDevice(path))
            {
                // An image that was cut keeps the rest of its last cluster, and would show it again.
                await client.WriteZeroesAsync(before, client.Length - before, cancellationToken: cancellationToken).ConfigureAwait(false);
            }

            return new QemuTargetDisk(machine, disk, isNew, path, client, () => CloseAsync(machine, runtime, lease, entry, path, disk.LengthBytes));
        }
        catch (Exception e)
        {
            await CloseAsync(machine, runtime, lease, entry, path, disk.LengthBytes).ConfigureAwait(false);
            throw e is NbdException ? MachineErrors.Disk(machine, disk.Id, path, e.Message, e) : e;
        }
    }

    private async ValueTask CloseAsync(Guid machine, RuntimePaths runtime, BlockHosts.Lease lease, DiskEntry entry, string path, long length)
    {
        await lease.DisposeAsync().ConfigureAwait(false);
        await hosts.StopDaemonAsync(machine, runtime, CancellationToken.None).ConfigureAwait(false);
        if (entry.Format == QemuDiskFormat.Raw && !BlockDevice.IsDevice(path))
        {
            DiskFiles.SetLength(path, length);
        }
    }
}
