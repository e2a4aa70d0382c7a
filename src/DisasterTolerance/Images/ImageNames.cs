using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Images;

/// <summary>Which names may become part of a path. Definitions and ids come from other sites, so nothing else ever reaches the file system.</summary>
internal static class ImageNames
{
    public static void CheckSnapshotId(string id)
    {
        if (!SnapshotRequest.IsValidId(id))
        {
            throw new ArgumentException($"'{id}' is no snapshot id: 1 to 64 characters of a-z 0-9 - are allowed.", nameof(id));
        }
    }

    public static void CheckDisk(DiskDefinition disk)
    {
        ArgumentNullException.ThrowIfNull(disk);
        if (!DiskDefinition.IsValidId(disk.Id))
        {
            throw new ArgumentException($"'{disk.Id}' is no disk id: 1 to 64 characters of a-z A-Z 0-9 . _ - are allowed, and no dot at the begin.", nameof(disk));
        }

        if (disk.LengthBytes < 0)
        {
            throw new ArgumentException($"Disk '{disk.Id}' has the negative length {disk.LengthBytes}.", nameof(disk));
        }

        if (!Enum.IsDefined(disk.Kind))
        {
            throw new ArgumentException($"Disk '{disk.Id}' has the unknown kind {(int)disk.Kind}.", nameof(disk));
        }
    }

    public static void CheckDefinition(MachineDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        if (definition.Name is not { Length: >= 1 and <= 256 })
        {
            throw new ArgumentException("A machine's name has 1 to 256 characters.", nameof(definition));
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (DiskDefinition disk in definition.Disks)
        {
            CheckDisk(disk);
            if (!seen.Add(disk.Id))
            {
                throw new ArgumentException($"Two disks of '{definition.Name}' have the id '{disk.Id}'.", nameof(definition));
            }
        }
    }
}
