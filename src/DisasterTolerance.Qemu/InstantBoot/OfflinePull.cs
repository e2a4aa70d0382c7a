using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Disks;
using DisasterTolerance.Qemu.Machines;

namespace DisasterTolerance.Qemu.InstantBoot;

/// <summary>
/// Moves a machine that is off from its exports to disks of its own, without starting it: what a guest wrote has to be kept also by a site that may not run it any more. The caller holds the machine's gate,
/// so that nobody starts it meanwhile.
/// </summary>
internal sealed class OfflinePull(MachineRegistry registry)
{
    private const int PieceBytes = 1 << 20;

    public async ValueTask RunAsync(MachineRecord machine, IReadOnlyDictionary<string, string> exports, IProgress<long>? copiedBytes, CancellationToken cancellationToken)
    {
        long before = 0;
        foreach (var disk in Pull.Of(machine).Select(pull => pull.Disk))
        {
            before += await CopyAsync(machine, disk, new Uri(exports[disk.Id]), copiedBytes, before, cancellationToken).ConfigureAwait(false);
        }

        MachineFile.Write(machine.Folder, machine.Document with { Exports = null });
    }

    private async ValueTask<long> CopyAsync(MachineRecord machine, DiskEntry disk, Uri export, IProgress<long>? copiedBytes, long before, CancellationToken cancellationToken)
    {
        var path = machine.PathOf(disk);
        try
        {
            var client = await NbdClient.ConnectAsync(BlockDevice.ClientOf(export, NbdExtent.BaseAllocation), cancellationToken).ConfigureAwait(false);
            await using var connected = client.ConfigureAwait(false);

            // What an earlier pull copied is not known to be the newest, so a pull begins with an empty disk.
            if (!BlockDevice.IsDevice(path))
            {
                File.Delete(path);
            }

            var target = await registry.OpenAsync(machine.Uuid, new DiskDefinition(disk.Id, client.Length, disk.Kind), cancellationToken).ConfigureAwait(false);
            await using var open = target.ConfigureAwait(false);
            await foreach (var extent in ExportExtents.ReadAsync(client, client.Length, e => Failed(machine, disk, e), cancellationToken).ConfigureAwait(false))
            {
                if (extent.Kind == ExtentKind.Data)
                {
                    await CopyAsync(client, target, extent, at => copiedBytes?.Report(before + at), cancellationToken).ConfigureAwait(false);
                }
                else if (!target.IsNew)
                {
                    await target.WriteZeroesAsync(extent.Offset, extent.Length, cancellationToken).ConfigureAwait(false);
                }

                copiedBytes?.Report(before + extent.End);
            }

            await target.FlushAsync(cancellationToken).ConfigureAwait(false);
            return client.Length;
        }
        catch (NbdException e)
        {
            throw Failed(machine, disk, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw MachineErrors.Disk(machine.Uuid, disk.Id, path, e.Message, e);
        }
    }

    private static async ValueTask CopyAsync(NbdClient client, ITargetDisk target, DiskExtent extent, Action<long> tell, CancellationToken cancellationToken)
    {
        var piece = new byte[(int)Math.Min(PieceBytes, extent.Length)];
        for (var at = extent.Offset; at < extent.End; at += piece.Length)
        {
            var part = piece.AsMemory(0, (int)Math.Min(piece.Length, extent.End - at));
            await client.ReadAsync(at, part, cancellationToken).ConfigureAwait(false);
            await target.WriteAsync(at, part, cancellationToken).ConfigureAwait(false);
            tell(at + part.Length);
        }
    }

    private static HypervisorException Failed(MachineRecord machine, DiskEntry disk, NbdException cause) =>
        MachineErrors.Failed(machine.Uuid, $"Pulling disk '{disk.Id}'", cause.Message, "Its data stay on the export; the pull begins anew.", true, cause);
}
