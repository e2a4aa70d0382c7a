using System.Text.Json.Nodes;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Nbd;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;
using DisasterTolerance.Qemu.Processes;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// Takes a snapshot: journal → copy-before-write images → freeze → one transaction over all disks → thaw → serve → connect. What fails is taken away again. The caller holds the machine's gate.
/// </summary>
internal sealed class SnapshotTaker(QemuOptions options, BlockHosts hosts, FileSystemFreeze freeze, SnapshotRemoval removal, ILogger logger)
{
    public async ValueTask<OpenSnapshot> TakeAsync(MachineRecord machine, SnapshotJournal journal, SnapshotRequest request, CancellationToken cancellationToken)
    {
        List<SnapshotDisk> contents = [];
        BlockHosts.Lease? lease = null;
        var entry = new SnapshotEntry { Id = request.Id, Plan = request.Plan, Disks = [.. machine.BlockDisks.Select(disk => disk.Id)] };
        try
        {
            contents.AddRange(machine.Document.Disks.Where(disk => !MachineRecord.IsBlock(disk)).Select(disk => ContentDisk.Open(machine, disk, options.Time.GetUtcNow())));
            if (entry.Disks.Count == 0)
            {
                // Nothing but files that no guest writes.
                entry.Consistency = SnapshotConsistency.PoweredOff;
                journal.Snapshots.Add(entry);
                journal.Write(machine.Uuid, machine.Folder);
                return new(entry, machine.Uuid, DefinitionMapping.ToDefinition(machine.Document, [.. contents.Select(disk => disk.Definition)]), contents, null, null);
            }

            foreach (var disk in machine.BlockDisks)
            {
                // A missing file is said by name, before QEMU says it in its own words.
                machine.Define(disk);
            }

            lease = await hosts.GetAsync(machine, cancellationToken).ConfigureAwait(false);
            return await TakeAsync(machine, journal, request, entry, contents, lease, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            foreach (var content in contents)
            {
                await content.DisposeAsync().ConfigureAwait(false);
            }

            if (lease is not null)
            {
                await lease.DisposeAsync().ConfigureAwait(false);
            }

            if (e is ToolException or IOException or UnauthorizedAccessException)
            {
                throw MachineErrors.Failed(machine.Uuid, "Taking a snapshot", e.Message, "The machine goes on; the next run tries again.", true, e);
            }

            throw;
        }
    }

    private async ValueTask<OpenSnapshot> TakeAsync(
        MachineRecord machine, SnapshotJournal journal, SnapshotRequest request, SnapshotEntry entry, List<SnapshotDisk> contents, BlockHosts.Lease lease, CancellationToken cancellationToken)
    {
        var host = lease.Host;
        var graph = await host.ReadGraphAsync(cancellationToken).ConfigureAwait(false);
        List<Shot> shots = [];
        foreach (var disk in machine.BlockDisks)
        {
            var node = graph.Find(machine, disk)
                ?? throw MachineErrors.Disk(machine.Uuid, disk.Id, machine.PathOf(disk), "the QEMU of the machine has no such disk. Its machine.json was changed while it runs: start it anew, or take the change back");
            shots.Add(new(disk, node, new(machine.Folder, request.Id, disk.Id), TrackerRules.Judge(journal.Trackers.GetValueOrDefault(disk.Id), request.Plan, node.Bitmaps)));
        }

        await WriteDownAsync(machine, journal, request, entry, host, shots, cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var shot in shots)
            {
                await shot.Fleece.AddAsync(host, shot.Node, options, cancellationToken).ConfigureAwait(false);
            }

            entry.Consistency = await FreezeAndBeginAsync(machine, journal, request, host, shots, cancellationToken).ConfigureAwait(false);
            journal.Write(machine.Uuid, machine.Folder);
            var pace = new ReadPace(options);
            if (!host.IsDaemon)
            {
                await pace.WatchAsync(host, cancellationToken).ConfigureAwait(false);
            }

            var disks = await ServeAsync(machine, journal, request, host, shots, contents, pace, cancellationToken).ConfigureAwait(false);
            return new(entry, machine.Uuid, DefinitionMapping.ToDefinition(machine.Document, [.. disks.Select(disk => disk.Definition)]), disks, lease, new(host, options, logger));
        }
        catch (Exception)
        {
            await GiveUpAsync(machine, journal, entry).ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask GiveUpAsync(MachineRecord machine, SnapshotJournal journal, SnapshotEntry entry)
    {
        try
        {
            // Not by the caller's token: he may have given up, and the guest must go on all the same.
            await removal.ReleaseAsync(machine, journal, entry, SnapshotOutcome.Abandoned, CancellationToken.None).ConfigureAwait(false);
        }
        catch (HypervisorException e)
        {
            // What the caller hears is why the snapshot failed; what is left is in the journal.
            Log.LeftoversStay(logger, machine.Uuid, e);
        }
    }

    /// <summary>Takes away bitmaps that are worth nothing, and writes down what will be made.</summary>
    private static async ValueTask WriteDownAsync(
        MachineRecord machine, SnapshotJournal journal, SnapshotRequest request, SnapshotEntry entry, BlockHost host, List<Shot> shots, CancellationToken cancellationToken)
    {
        foreach (var shot in shots)
        {
            List<string> useless = [];
            foreach (var name in shot.Tracker.Remove.Concat(journal.Trackers.GetValueOrDefault(shot.Disk.Id)?.Useless ?? []))
            {
                // One that an open snapshot still shows is tried again the next time.
                var isGone = !shot.Node.Bitmaps.Any(bitmap => bitmap.Name == name)
                    || await host.TryAsync("block-dirty-bitmap-remove", TrackerRules.Named(shot.Node.Name, name), cancellationToken).ConfigureAwait(false);
                if (!isGone)
                {
                    useless.Add(name);
                }
            }

            journal.Trackers[shot.Disk.Id] = new() { Plan = request.Plan, Bitmaps = [.. shot.Tracker.Usable, BlockNames.Bitmap(request.Plan, request.Id)], Useless = useless };
        }

        journal.Snapshots.Add(entry);
        journal.Write(machine.Uuid, machine.Folder);
    }

    private async ValueTask<SnapshotConsistency> FreezeAndBeginAsync(
        MachineRecord machine, SnapshotJournal journal, SnapshotRequest request, BlockHost host, List<Shot> shots, CancellationToken cancellationToken)
    {
        var isFrozen = !host.IsDaemon && request.Consistency >= SnapshotConsistency.Application
            && await freeze.TryFreezeAsync(machine, journal, request.FreezeTimeout, cancellationToken).ConfigureAwait(false);
        try
        {
            using var limit = new CancellationTokenSource(request.FreezeTimeout, options.Time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(isFrozen ? limit.Token : CancellationToken.None, cancellationToken);
            var next = BlockNames.Bitmap(request.Plan, request.Id);
            var actions = shots.SelectMany(shot => TrackerRules
                .Rotate(shot.Node.Name, shot.Tracker.Usable, next, shot.Disk.Format == QemuDiskFormat.Qcow2, shot.Fleece.Begin(shot.Node)));
            await host.ExecuteAsync("transaction", new() { ["actions"] = new JsonArray([.. actions.Select(action => (JsonNode)action)]) }, linked.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw MachineErrors.Failed(machine.Uuid, "Taking a snapshot", $"QEMU took longer than {request.FreezeTimeout} while the guest was frozen", "The guest was thawed; the next run tries again.", true, e);
        }
        finally
        {
            if (isFrozen)
            {
                await freeze.ThawAsync(machine, journal).ConfigureAwait(false);
            }
        }

        return host.IsDaemon ? SnapshotConsistency.PoweredOff : isFrozen ? SnapshotConsistency.Application : SnapshotConsistency.Crash;
    }

    private async ValueTask<IReadOnlyList<SnapshotDisk>> ServeAsync(
        MachineRecord machine, SnapshotJournal journal, SnapshotRequest request, BlockHost host, List<Shot> shots, List<SnapshotDisk> contents, ReadPace pace, CancellationToken cancellationToken)
    {
        await NbdServing.StartAsync(machine, journal, host, options, cancellationToken).ConfigureAwait(false);
        Dictionary<string, SnapshotDisk> disks = contents.ToDictionary(disk => disk.Definition.Id, StringComparer.Ordinal);
        try
        {
            foreach (var shot in shots)
            {
                await shot.Fleece.ServeAsync(host, shot.Node, shot.Tracker.Usable, cancellationToken).ConfigureAwait(false);
                disks[shot.Disk.Id] = await ConnectAsync(machine, request, host, shot, pace, cancellationToken).ConfigureAwait(false);
            }

            return [.. machine.Document.Disks.Select(disk => disks[disk.Id])];
        }
        catch (Exception)
        {
            foreach (var disk in disks.Values.Except(contents))
            {
                await disk.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    private async ValueTask<SnapshotDisk> ConnectAsync(MachineRecord machine, SnapshotRequest request, BlockHost host, Shot shot, ReadPace pace, CancellationToken cancellationToken)
    {
        NbdClient client;
        try
        {
            client = await NbdClient.ConnectAsync(
                new()
                {
                    Server = new System.Net.Sockets.UnixDomainSocketEndPoint(host.NbdPath),
                    Export = shot.Fleece.Name,
                    Contexts = [NbdExtent.BaseAllocation, .. shot.Tracker.Usable.Select(BlockNames.Context)],
                    ProgressTimeout = options.CommandTimeout * 3,
                    Time = options.Time,
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (NbdException e)
        {
            throw MachineErrors.Failed(machine.Uuid, "Reading a snapshot", e.Message, "The next run tries again.", true, e);
        }

        // A bitmap of a raw disk lives as long as the process that has the disk: the storage daemon's ends with the snapshot.
        var outlives = shot.Disk.Format == QemuDiskFormat.Qcow2 || !host.IsDaemon;
        return new ServedDisk(
            machine.Uuid,
            new(shot.Disk.Id, shot.Node.Length, shot.Disk.Kind),
            machine.PathOf(shot.Disk),
            host,
            client,
            pace,
            options.ReadsInFlight,
            options.Time,
            outlives ? new ChangeToken(BlockNames.Bitmap(request.Plan, request.Id)) : null,
            shot.Tracker.Usable,
            shot.Tracker.LostBecause);
    }

    private sealed record Shot(DiskEntry Disk, BlockNode Node, Fleece Fleece, TrackerVerdict Tracker);
}
