using System.Collections.Concurrent;
using DisasterTolerance.Hypervisors;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

/// <summary>
/// Takes, lists and releases snapshots. A machine's disks are cloned if all of them can be; else the live files are watched, and the snapshot ends with the process. Thread-safe.
/// </summary>
internal sealed class ImageSnapshots(MachineFolders folders, bool clones, ILogger logger)
{
    private readonly ConcurrentDictionary<(Guid Machine, string Id), Watched> _watched = new();

    public async ValueTask<ISnapshot> TakeAsync(SnapshotRequest request, CancellationToken cancellationToken)
    {
        MachineRecord machine = folders.Get(request.Machine, cancellationToken);
        var cloned = new CloneFolder(machine);
        if (_watched.TryGetValue((request.Machine, request.Id), out Watched? watched))
        {
            return Open(machine, request.Id, watched.Document, watched.Paths, watched.Watch);
        }

        if (cloned.Contains(request.Id))
        {
            (SnapshotDocument document, IReadOnlyList<string> paths) = cloned.Read(request.Id);
            return Open(machine, request.Id, document, paths, watch: null);
        }

        string[] live = [.. machine.Document.Disks.Select(machine.PathOf)];
        var files = new List<ImageFile>(live.Length);
        try
        {
            for (int index = 0; index < live.Length; index++)
            {
                files.Add(OpenDisk(machine.Uuid, machine.Document.Disks[index].Id, live[index]));
            }

            try
            {
                return await TakeNewAsync(request, machine, cloned, live, files, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception error) when (ImageErrors.IsFileError(error))
            {
                throw ImageErrors.FolderFailed(machine.Uuid, machine.Folder, error);
            }
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    public IReadOnlyList<string> List(Guid machine, CancellationToken cancellationToken)
    {
        if (folders.Find(machine, cancellationToken) is not { } record)
        {
            return [];
        }

        try
        {
            return [.. _watched.Keys.Where(key => key.Machine == machine).Select(key => key.Id).Union(new CloneFolder(record).List())];
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw ImageErrors.FolderFailed(machine, record.Folder, error);
        }
    }

    public void Release(Guid machine, string id, CancellationToken cancellationToken)
    {
        _watched.TryRemove((machine, id), out _);
        if (folders.Find(machine, cancellationToken) is { } record)
        {
            try
            {
                new CloneFolder(record).Remove(id);
            }
            catch (Exception error) when (ImageErrors.IsFileError(error))
            {
                throw ImageErrors.FolderFailed(machine, record.Folder, error);
            }
        }
    }

    /// <summary>Drops all snapshots of a machine that goes.</summary>
    public void ReleaseAll(MachineRecord machine)
    {
        foreach ((Guid Machine, string Id) key in _watched.Keys.Where(key => key.Machine == machine.Uuid))
        {
            _watched.TryRemove(key, out _);
        }

        new CloneFolder(machine).RemoveAll();
    }

    private async ValueTask<ISnapshot> TakeNewAsync(
        SnapshotRequest request,
        MachineRecord machine,
        CloneFolder cloned,
        string[] live,
        List<ImageFile> files,
        CancellationToken cancellationToken)
    {
        // One clone is one instant by itself. Several are only if nothing moved from before the first to behind the last.
        bool canClone = clones && files.Count > 0 && files.TrueForAll(file => !file.IsBlockDevice);
        DiskWatch? watch = canClone && files.Count == 1 ? null : await DiskWatch.BeginAsync(files, cancellationToken).ConfigureAwait(false);

        SnapshotDocument Describe(IReadOnlyList<ImageFile> content)
        {
            bool quiet = watch is null || (watch.WasQuiet && watch.FindChanged(files).Count == 0);
            return new SnapshotDocument { Consistency = Reached(machine, request.Id, live, quiet), Definition = Define(machine, content, watch) };
        }

        if (canClone && await cloned.TryCreateAsync(request.Id, files, Describe, cancellationToken).ConfigureAwait(false))
        {
            Log.SnapshotCloned(logger, machine.Uuid, request.Id, files.Count);
            (SnapshotDocument document, IReadOnlyList<string> paths) = cloned.Read(request.Id);
            return Open(machine, request.Id, document, paths, watch: null);
        }

        watch ??= await DiskWatch.BeginAsync(files, cancellationToken).ConfigureAwait(false);
        var watched = new Watched(Describe(files), live, watch);
        ISnapshot snapshot = Open(machine, request.Id, watched.Document, live, watch);
        _watched[(machine.Uuid, request.Id)] = watched;
        Log.SnapshotWatched(logger, machine.Uuid, request.Id, files.Count);
        return snapshot;
    }

    private SnapshotConsistency Reached(MachineRecord machine, string id, string[] live, bool quiet)
    {
        if (quiet)
        {
            return machine.IsOn ? SnapshotConsistency.Crash : SnapshotConsistency.PoweredOff;
        }

        Log.DisksChanged(logger, machine.Uuid, id, string.Join(", ", live));
        return SnapshotConsistency.Fuzzy;
    }

    private static MachineDefinition Define(MachineRecord machine, IReadOnlyList<ImageFile> content, DiskWatch? watch) =>
        machine.ToDefinition([.. machine.Document.Disks.Select((disk, index) =>
            new DiskDefinition(disk.Id, watch?.LengthOf(index) ?? content[index].GetLength(), MachineRecord.KindOf(disk)))]);

    private ImageSnapshot Open(MachineRecord machine, string id, SnapshotDocument document, IReadOnlyList<string> paths, DiskWatch? watch)
    {
        var disks = new List<ImageSnapshotDisk>(paths.Count);
        try
        {
            for (int index = 0; index < paths.Count; index++)
            {
                DiskDefinition definition = document.Definition.Disks[index];
                disks.Add(new ImageSnapshotDisk(machine.Uuid, definition, OpenDisk(machine.Uuid, definition.Id, paths[index])));
            }

            return new ImageSnapshot(id, machine.Uuid, document, disks, watch, logger);
        }
        catch
        {
            disks.ForEach(disk => disk.Dispose());
            throw;
        }
    }

    private static ImageFile OpenDisk(Guid machine, string disk, string path)
    {
        try
        {
            return ImageFile.OpenRead(path);
        }
        catch (Exception error) when (ImageErrors.IsFileError(error))
        {
            throw ImageErrors.DiskUnusable(machine, disk, path, error);
        }
    }

    private sealed record Watched(SnapshotDocument Document, IReadOnlyList<string> Paths, DiskWatch Watch);
}
