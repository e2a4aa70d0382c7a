using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Qemu.Machines;

/// <summary>A machine as its folder describes it. Immutable.</summary>
internal sealed record MachineRecord(string Folder, MachineDocument Document, RuntimePaths Runtime)
{
    public Guid Uuid => Document.Uuid;

    /// <summary>Disks that QEMU has as block nodes; kernels and initial RAM disks are only files.</summary>
    public IEnumerable<DiskEntry> BlockDisks => Document.Disks.Where(IsBlock);

    public static bool IsBlock(DiskEntry disk) => disk.Kind is DiskKind.Disk or DiskKind.Nvram;

    public string PathOf(DiskEntry disk) => Path.GetFullPath(disk.Path, Folder);

    /// <summary>Id, exact length and kind of a disk, read from its file.</summary>
    public DiskDefinition Define(DiskEntry disk) => new(disk.Id, ImageHeader.LengthOf(Uuid, disk, PathOf(disk)), disk.Kind);
}
