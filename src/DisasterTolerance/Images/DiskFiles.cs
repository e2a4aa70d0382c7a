using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store.Local;

namespace DisasterTolerance.Images;

/// <summary>Where the disks of a machine lie, and how a target disk is opened or made.</summary>
internal static class DiskFiles
{
    /// <summary>
    /// The entry that a disk has in its machine's definition, or a new one. A new disk is named after its id; if the operator gave that file to another disk, a name is taken
    /// that no id can have. The choice depends on the definition alone, so it is the same again after a crash.
    /// </summary>
    public static DiskEntry EntryOf(MachineRecord? machine, string folder, string disk)
    {
        if (machine is null)
        {
            return new DiskEntry { Id = disk, Path = disk + ".raw" };
        }

        if (machine.Document.Disks.FirstOrDefault(entry => entry.Id == disk) is { } known)
        {
            return known;
        }

        HashSet<string> taken = [.. machine.Document.Disks.Select(machine.PathOf)];
        string name = disk + ".raw";
        for (int number = 2; taken.Contains(MachineRecord.Resolve(folder, name)); number++)
        {
            name = $"{disk}~{number}.raw";
        }

        return new DiskEntry { Id = disk, Path = name };
    }

    /// <summary>Opens a disk with exactly the wanted length; makes it, and its folder, if it does not exist.</summary>
    public static ImageTargetDisk OpenTarget(Guid machine, string path, DiskDefinition disk)
    {
        ImageFile? file = null;
        try
        {
            bool isNew = ImageFile.GetKind(path) == FileKind.Missing;
            if (isNew)
            {
                CreateFolder(Path.GetDirectoryName(path)!);
                file = ImageFile.Create(path);
                file.SetLength(disk.LengthBytes);
                file.Sync();
                DurableFile.DemandDirectory(Path.GetDirectoryName(path)!);
            }
            else
            {
                file = ImageFile.OpenWrite(path);
                Resize(machine, file, disk);
            }

            var target = new ImageTargetDisk(machine, disk, file, isNew);
            file = null;
            return target;
        }
        catch (Exception error) when (ImageErrors.IsFileError(error) || error is ArgumentOutOfRangeException)
        {
            throw ImageErrors.DiskUnusable(machine, disk.Id, path, error);
        }
        finally
        {
            file?.Dispose();
        }
    }

    /// <summary>Checks that a disk lies there with exactly its length.</summary>
    public static void CheckPrepared(Guid machine, string path, DiskDefinition disk)
    {
        long length;
        try
        {
            using ImageFile file = ImageFile.OpenRead(path);
            length = file.GetLength();
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw ImageErrors.DiskUnusable(machine, disk.Id, path, error);
        }

        if (length != disk.LengthBytes)
        {
            throw ImageErrors.DiskUnusable(machine, disk.Id, path, $"It has {length} bytes, but the definition says {disk.LengthBytes}. Open the disk with that length first.");
        }
    }

    private static void Resize(Guid machine, ImageFile file, DiskDefinition disk)
    {
        long present = file.GetLength();
        if (present == disk.LengthBytes)
        {
            return;
        }

        if (file.IsBlockDevice)
        {
            throw ImageErrors.DiskUnusable(
                machine, disk.Id, file.Path, $"The block device has {present} bytes and cannot get {disk.LengthBytes}. Name a device of that length, or a file, in machine.json.");
        }

        file.SetLength(disk.LengthBytes);
    }

    private static void CreateFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            DurableFile.DemandDirectory(Path.GetDirectoryName(folder)!);
        }
    }
}
