using System.Buffers.Binary;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.Blocks;

/// <summary>The exact length of a disk, from its file.</summary>
internal static class ImageHeader
{
    private const int SectorBytes = 512;
    private const int SizeAt = 24;

    /// <summary>The length that the guest sees: a qcow2 image has it in its header, a raw disk is its file, rounded up to whole sectors as QEMU does. Other content is as long as its file.</summary>
    /// <exception cref="HypervisorException"><see cref="ErrorCode.DiskUnusable"/>.</exception>
    public static long LengthOf(Guid machine, DiskEntry disk, string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            if (!MachineRecord.IsBlock(disk))
            {
                return file.Length;
            }

            if (disk.Format == QemuDiskFormat.Raw)
            {
                // A block device has no length of its own; its end has.
                return (file.Seek(0, SeekOrigin.End) + SectorBytes - 1) / SectorBytes * SectorBytes;
            }

            Span<byte> header = stackalloc byte[SizeAt + sizeof(long)];
            file.ReadExactly(header);
            var length = BinaryPrimitives.ReadInt64BigEndian(header[SizeAt..]);
            return (header[0] == 'Q' && header[1] == 'F' && header[2] == 'I' && header[3] == 0xFB)
                ? length
                : throw MachineErrors.Disk(machine, disk.Id, path, "it is no qcow2 image");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Disk(machine, disk.Id, path, e.Message, e);
        }
    }
}
