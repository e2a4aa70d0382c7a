using System.Globalization;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;

namespace DisasterTolerance.Qemu.Disks;

/// <summary>The files of disks: where they lie, making them, giving them another length.</summary>
internal sealed class DiskFiles(QemuOptions options)
{
    /// <summary>Where a disk lies: as the machine has it, as an earlier opening made it, or as it would be made.</summary>
    public DiskEntry Locate(MachineRecord? machine, string folder, DiskDefinition disk)
    {
        if (machine?.Document.Disks.FirstOrDefault(entry => entry.Id == disk.Id) is { } known)
        {
            return known with { Kind = disk.Kind };
        }

        // Only what a guest writes gains from a format of its own.
        var format = disk.Kind == DiskKind.Disk ? options.NewDiskFormat : QemuDiskFormat.Raw;
        var other = format == QemuDiskFormat.Raw ? QemuDiskFormat.Qcow2 : QemuDiskFormat.Raw;
        var isThereInOther = disk.Kind == DiskKind.Disk && !File.Exists(Path.Combine(folder, NameOf(disk.Id, format))) && File.Exists(Path.Combine(folder, NameOf(disk.Id, other)));
        var found = isThereInOther ? other : format;
        return new() { Id = disk.Id, Path = NameOf(disk.Id, found), Format = found, Kind = disk.Kind };
    }

    /// <summary>Makes a file of a length that reads as zeros, or gives the one that is there that length.</summary>
    /// <returns>Whether it is new, and the length that it had before.</returns>
    public async ValueTask<(bool IsNew, long Before)> PrepareAsync(Guid machine, DiskEntry entry, string path, long length, CancellationToken cancellationToken)
    {
        var bytes = length.ToString(CultureInfo.InvariantCulture);
        var format = entry.Format == QemuDiskFormat.Raw ? "raw" : "qcow2";
        try
        {
            if (!BlockDevice.IsDevice(path) && !File.Exists(path))
            {
                PrivateFolder.Create(Path.GetDirectoryName(path)!);

                // Under another name until it is whole, so that a crash leaves no half-made image.
                var part = path + ".part";
                File.Delete(part);
                await Tool.RunAsync(options.ImageTool, ["create", "-q", "-f", format, part, bytes], options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false);
                if (entry.Format == QemuDiskFormat.Raw)
                {
                    SetLength(part, length);
                }

                File.Move(part, path);
                DurableFile.SyncDirectory(Path.GetDirectoryName(path)!);
                return (true, length);
            }

            var present = ImageHeader.LengthOf(machine, entry, path);
            if (BlockDevice.IsDevice(path))
            {
                return present >= length ? (false, length) : throw MachineErrors.Disk(machine, entry.Id, path, $"the device has {present:N0} bytes and the disk needs {length:N0}");
            }

            if (entry.Format == QemuDiskFormat.Raw)
            {
                SetLength(path, length);
            }
            else if (present != length)
            {
                await Tool.RunAsync(options.ImageTool, ["resize", "-q", "-f", format, .. present > length ? (string[])["--shrink"] : [], path, bytes], options.CommandTimeout, options.Time, cancellationToken).ConfigureAwait(false);
            }

            return (false, present);
        }
        catch (Exception e) when (e is ToolException or IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Disk(machine, entry.Id, path, e.Message, e);
        }
    }

    /// <summary>Gives a raw file its exact length. QEMU counts in sectors, kernels and their disks do not.</summary>
    public static void SetLength(string path, long length)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        if (file.Length != length)
        {
            file.SetLength(length);
        }
    }

    private static string NameOf(string disk, QemuDiskFormat format) => disk + (format == QemuDiskFormat.Raw ? ".raw" : ".qcow2");
}
