using System.Text.Json.Nodes;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>
/// Takes snapshots away: first what slows the guest (exports, jobs, images), then the bitmaps, by what became of the snapshot. Passes over what is not there, so it can be repeated after a crash at any step.
/// The caller holds the machine's gate.
/// </summary>
internal sealed class SnapshotRemoval(QemuOptions options, BlockHosts hosts, ILogger logger)
{
    /// <summary>Ends a snapshot of the journal.</summary>
    public async ValueTask ReleaseAsync(MachineRecord machine, SnapshotJournal journal, SnapshotEntry entry, SnapshotOutcome outcome, CancellationToken cancellationToken)
    {
        if (entry.Disks.Count > 0)
        {
            var lease = await hosts.GetAsync(machine, cancellationToken).ConfigureAwait(false);
            await using var held = lease.ConfigureAwait(false);
            await TakeAwayAsync(machine, journal, entry, lease.Host, cancellationToken).ConfigureAwait(false);
            await SettleAsync(machine, journal, entry, outcome, lease.Host, cancellationToken).ConfigureAwait(false);
        }

        journal.Snapshots.RemoveAll(other => other.Id == entry.Id);
        journal.Write(machine.Uuid, machine.Folder);
        if (journal.Snapshots.Count == 0)
        {
            await hosts.StopDaemonAsync(machine.Uuid, machine.Runtime, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes away what a snapshot costs the guest; the bitmaps stay until it is released.</summary>
    public async ValueTask TakeAwayAsync(MachineRecord machine, SnapshotJournal journal, SnapshotEntry entry, BlockHost host, CancellationToken cancellationToken)
    {
        var graph = await host.ReadGraphAsync(cancellationToken).ConfigureAwait(false);
        foreach (var disk in entry.Disks)
        {
            await new Fleece(machine.Folder, entry.Id, disk).RemoveAsync(machine.Uuid, host, graph, options, cancellationToken).ConfigureAwait(false);
        }

        await NbdServing.StopAsync(journal, host, cancellationToken).ConfigureAwait(false);
        if (!host.IsDaemon)
        {
            await GoOnAsync(host, cancellationToken).ConfigureAwait(false);
        }
    }

    // A guest that stopped because there was no room for what it overwrites goes on when the images are gone.
    private static async ValueTask GoOnAsync(BlockHost host, CancellationToken cancellationToken)
    {
        if (await host.ReadStatusAsync(cancellationToken).ConfigureAwait(false) == "io-error")
        {
            await host.TryAsync("cont", null, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask SettleAsync(
        MachineRecord machine, SnapshotJournal journal, SnapshotEntry entry, SnapshotOutcome outcome, BlockHost host, CancellationToken cancellationToken)
    {
        var graph = await host.ReadGraphAsync(cancellationToken).ConfigureAwait(false);
        var own = BlockNames.Bitmap(entry.Plan, entry.Id);
        var othersAreOpen = journal.Snapshots.Exists(other => other.Id != entry.Id);
        foreach (var disk in machine.BlockDisks.Where(disk => entry.Disks.Contains(disk.Id)))
        {
            if (!journal.Trackers.TryGetValue(disk.Id, out var tracker) || graph.Find(machine, disk) is not { } node)
            {
                continue;
            }

            if (TrackerRules.Present(tracker.Bitmaps, own, outcome, node.Bitmaps) is not { } bitmaps)
            {
                // The process that had them is gone. What is left is worth nothing: the next snapshot says why and begins anew.
                foreach (var name in tracker.Bitmaps.Where(name => node.Bitmaps.Any(bitmap => bitmap.Name == name)))
                {
                    await host.TryAsync("block-dirty-bitmap-remove", TrackerRules.Named(node.Name, name), cancellationToken).ConfigureAwait(false);
                }

                continue;
            }

            var (actions, left) = TrackerRules.Settle(node.Name, bitmaps, own, outcome, othersAreOpen);

            if (actions.Count > 0 && !await host.TryAsync("transaction", new() { ["actions"] = new JsonArray([.. actions.Select(action => (JsonNode)action)]) }, cancellationToken).ConfigureAwait(false))
            {
                Log.NotSettled(logger, disk.Id, machine.Uuid, "QEMU refused");
                continue;
            }

            tracker.Bitmaps = left;
        }
    }
}
