using DisasterTolerance.Hypervisors;
using DisasterTolerance.Store.Local;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

/// <summary>Everything that changes a machine's folder but snapshots. The engine makes one changing call at a time per machine.</summary>
internal sealed class ImageRegistry(MachineFolders folders, ILogger logger)
{
    /// <summary>Records the power state; false if it was so before.</summary>
    public async ValueTask<bool> SetPowerAsync(Guid machine, string power, CancellationToken cancellationToken)
    {
        MachineRecord record = await Task.Run(() => folders.Get(machine, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (record.Document.Power == power)
        {
            return false;
        }

        if (power == MachineDocument.PowerOn)
        {
            foreach (DiskEntry disk in record.Document.Disks)
            {
                CheckPresent(record, disk);
            }
        }

        await ReplaceAsync(record.Folder, record.Document with { Power = power }, cancellationToken).ConfigureAwait(false);
        return true;
    }

    public async ValueTask RegisterAsync(Guid machine, MachineDefinition definition, CancellationToken cancellationToken)
    {
        MachineRecord? known = await Task.Run(() => folders.FindForWriting(machine, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (known is { IsOn: true })
        {
            throw ImageErrors.Running(machine, "its definition was not replaced");
        }

        string folder = known?.Folder ?? folders.DefaultFolder(machine);
        var disks = new List<DiskEntry>(definition.Disks.Count);
        foreach (DiskDefinition disk in definition.Disks)
        {
            DiskEntry entry = DiskFiles.EntryOf(known, folder, disk.Id);
            DiskFiles.CheckPrepared(machine, MachineRecord.Resolve(folder, entry.Path), disk);
            disks.Add(entry with { Kind = disk.Kind == DiskKind.Disk ? null : disk.Kind.ToString() });
        }

        var document = new MachineDocument
        {
            Uuid = machine,
            Name = definition.Name,
            Group = definition.Group,
            Ips = known?.Document.Ips ?? [],
            Disks = disks,
            Power = MachineDocument.PowerOff,
            Cpus = definition.Cpus,
            MemoryBytes = definition.MemoryBytes,
            Properties = definition.Properties.Count == 0 ? null : new Dictionary<string, string>(definition.Properties),
            Others = known?.Document.Others,
        };
        await ReplaceAsync(folder, document, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Disks go first, so that a repetition after a crash still finds the machine and ends the work.</summary>
    public void Unregister(Guid machine, bool deleteDisks, ImageSnapshots snapshots, CancellationToken cancellationToken)
    {
        if (folders.Find(machine, cancellationToken) is not { } record)
        {
            return;
        }

        if (record.IsOn)
        {
            throw ImageErrors.Running(machine, "it stays known");
        }

        try
        {
            snapshots.ReleaseAll(record);
            if (deleteDisks)
            {
                DeleteDisks(record);
            }

            File.Delete(record.DefinitionPath);
            folders.Forget(machine);
            DurableFile.DemandDirectory(record.Folder);
            if (!Directory.EnumerateFileSystemEntries(record.Folder).Any())
            {
                Directory.Delete(record.Folder);
                DurableFile.DemandDirectory(folders.Root);
            }
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw ImageErrors.FolderFailed(machine, record.Folder, error);
        }
    }

    public ITargetDisk OpenDisk(Guid machine, DiskDefinition disk, CancellationToken cancellationToken)
    {
        MachineRecord? known = folders.FindForWriting(machine, cancellationToken);
        if (known is { IsOn: true })
        {
            throw ImageErrors.Running(machine, $"its disk '{disk.Id}' was not opened for writing");
        }

        string folder = known?.Folder ?? folders.DefaultFolder(machine);
        DiskEntry entry = DiskFiles.EntryOf(known, folder, disk.Id);
        return DiskFiles.OpenTarget(machine, MachineRecord.Resolve(folder, entry.Path), disk);
    }

    private static void CheckPresent(MachineRecord record, DiskEntry disk)
    {
        string path = record.PathOf(disk);
        try
        {
            ImageFile.OpenRead(path).Dispose();
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw ImageErrors.DiskUnusable(record.Uuid, disk.Id, path, error);
        }
    }

    /// <summary>Only files in the machine's own folder are ours; what the operator keeps elsewhere stays.</summary>
    private void DeleteDisks(MachineRecord record)
    {
        foreach (DiskEntry disk in record.Document.Disks)
        {
            string path = record.PathOf(disk);
            bool own = string.Equals(Path.GetDirectoryName(path), record.Folder, StringComparison.Ordinal);
            if (own && ImageFile.GetKind(path) is FileKind.Regular or FileKind.Missing)
            {
                File.Delete(path);
            }
            else
            {
                Log.DiskLeft(logger, record.Uuid, disk.Id, path);
            }
        }
    }

    private async ValueTask ReplaceAsync(string folder, MachineDocument document, CancellationToken cancellationToken)
    {
        try
        {
            // A machine without disks was not prepared by opening any.
            if (!Directory.Exists(folder))
            {
                Directory.CreateDirectory(folder);
                DurableFile.DemandDirectory(folders.Root);
            }

            await MachineFile.ReplaceAsync(Path.Combine(folder, MachineFile.Name), document, ImageJson.Readable.MachineDocument, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw ImageErrors.FolderFailed(document.Uuid, folder, error);
        }
    }
}
