using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>A kernel or an initial RAM disk: a file that no guest writes. It is watched, because an operator may replace it.</summary>
internal sealed class ContentDisk : SnapshotDisk
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly DateTime _written;

    private ContentDisk(Guid machine, DiskDefinition definition, string path, SafeFileHandle file)
        : base(machine, definition) => (_path, _file, _written) = (path, file, File.GetLastWriteTimeUtc(file));

    // A file that is replaced by another one leaves this handle on the old one, which is then read to its end.
    public override bool IsUnchanged => File.GetLastWriteTimeUtc(_file) == _written && RandomAccess.GetLength(_file) == Definition.LengthBytes;

    public static ContentDisk Open(MachineRecord machine, DiskEntry disk)
    {
        var path = machine.PathOf(disk);
        try
        {
            var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return new(machine.Uuid, new(disk.Id, RandomAccess.GetLength(file), disk.Kind), path, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Disk(machine.Uuid, disk.Id, path, e.Message, e);
        }
    }

    public override async ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        DemandRange(offset, destination.Length);
        try
        {
            while (!destination.IsEmpty)
            {
                var read = await RandomAccess.ReadAsync(_file, destination, offset, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw MachineErrors.Disk(Machine, Definition.Id, _path, "it became shorter while it was read");
                }

                (offset, destination) = (offset + read, destination[read..]);
            }
        }
        catch (IOException e)
        {
            throw MachineErrors.Disk(Machine, Definition.Id, _path, e.Message, e);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _file.Dispose();
        return ValueTask.CompletedTask;
    }
}
