using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Disks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.InstantBoot;

/// <summary>
/// Writes down a machine whose disks are served by somebody. Kernel and initial RAM disk are no block devices to QEMU, so they are copied out first; they are small. The caller holds the machine's gate.
/// </summary>
internal sealed class ExportBoot(QemuOptions options, MachineFolders folders)
{
    private const int PieceBytes = 1 << 20;

    private readonly DiskFiles _files = new(options);

    public async ValueTask RegisterAsync(Guid machine, MachineDefinition definition, IReadOnlyDictionary<string, Uri> exports, CancellationToken cancellationToken)
    {
        var known = folders.Find(machine, cancellationToken);
        var folder = known?.Folder ?? folders.NewFolder(machine);
        PrivateFolder.Create(folder);
        List<DiskEntry> disks = [];
        Dictionary<string, string> served = [];
        foreach (var disk in definition.Disks)
        {
            var export = exports.GetValueOrDefault(disk.Id) ?? throw new ArgumentException($"Nothing is said of where disk '{disk.Id}' is served.", nameof(exports));
            var entry = _files.Locate(known, folder, disk);
            disks.Add(entry);
            if (MachineRecord.IsBlock(entry))
            {
                BlockDevice.OfExport(BlockNames.Node(disk.Id), export);
                served[disk.Id] = export.OriginalString;

                // What it will be moved to. Until then it tells how long the disk is.
                await _files.PrepareAsync(machine, entry, Path.GetFullPath(entry.Path, folder), disk.LengthBytes, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await CopyOutAsync(machine, entry, Path.GetFullPath(entry.Path, folder), disk, export, cancellationToken).ConfigureAwait(false);
            }
        }

        MachineFile.Write(folder, DefinitionMapping.ToDocument(machine, definition, disks, known?.Document) with { Exports = served });
    }

    private static async ValueTask CopyOutAsync(Guid machine, DiskEntry entry, string path, DiskDefinition disk, Uri export, CancellationToken cancellationToken)
    {
        try
        {
            var part = path + ".part";
            var file = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None);
            await using (file.ConfigureAwait(false))
            {
                var client = await NbdClient.ConnectAsync(BlockDevice.ClientOf(export), cancellationToken).ConfigureAwait(false);
                await using var held = client.ConfigureAwait(false);
                var piece = new byte[PieceBytes];
                for (long at = 0; at < disk.LengthBytes; at += PieceBytes)
                {
                    var bytes = piece.AsMemory(0, (int)Math.Min(PieceBytes, disk.LengthBytes - at));
                    await client.ReadAsync(at, bytes, cancellationToken).ConfigureAwait(false);
                    await file.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
                }
            }

            DurableFile.SyncFile(part);
            File.Move(part, path, overwrite: true);
        }
        catch (Exception e) when (e is NbdException or IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Disk(machine, entry.Id, path, e.Message, e);
        }
    }
}
