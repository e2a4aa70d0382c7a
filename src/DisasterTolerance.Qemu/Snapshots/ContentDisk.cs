using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Machines;
using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>A kernel or an initial RAM disk: a file that no guest writes. It is watched, because an operator may replace it; its stamp is its change tracker.</summary>
internal sealed class ContentDisk : SnapshotDisk
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly FileStamp _stamp;
    private readonly bool _isSettled;

    private ContentDisk(Guid machine, DiskKind kind, string id, string path, SafeFileHandle file, FileStamp stamp, bool isSettled)
        : base(machine, new(id, stamp.Length, kind)) => (_path, _file, _stamp, _isSettled) = (path, file, stamp, isSettled);

    public override ChangeToken? Token => _isSettled ? new(_stamp.ToString()) : null;

    // A file that is replaced by another one leaves this handle on the old one, which is then read to its end. That it has fewer names then is a change too, but not of its content.
    public override bool IsUnchanged => FileStamp.Of(_file) with { ChangedNanoseconds = 0 } == _stamp with { ChangedNanoseconds = 0 };

    public static ContentDisk Open(MachineRecord machine, DiskEntry disk, DateTimeOffset now)
    {
        var path = machine.PathOf(disk);
        try
        {
            var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var stamp = FileStamp.Of(file);
            return new(machine.Uuid, disk.Kind, disk.Id, path, file, stamp, stamp.IsSettled(now));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Disk(machine.Uuid, disk.Id, path, e.Message, e);
        }
    }

    public override ValueTask<ChangedExtents> GetChangedAsync(string since, CancellationToken cancellationToken) =>
        new(since == _stamp.ToString() ? ChangedExtents.Known([]) : ChangedExtents.Unknown("the file is another one, or was written, since then"));

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
