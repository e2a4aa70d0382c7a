using System.Collections.Concurrent;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Qemu.Blocks;
using DisasterTolerance.Qemu.Machines;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>All snapshots of all machines: those of the journals, and those that this process has open. Thread-safe.</summary>
internal sealed class MachineSnapshots(QemuOptions options, MachineFolders folders, BlockHosts hosts, MachineGates gates, ILogger logger)
{
    private readonly ConcurrentDictionary<(Guid Machine, string Id), OpenSnapshot> _open = new();
    private readonly FileSystemFreeze _freeze = new(options, logger);
    private readonly SnapshotRemoval _removal = new(options, hosts, logger);

    public async ValueTask<ISnapshot> TakeAsync(SnapshotRequest request, CancellationToken cancellationToken)
    {
        using var gate = await gates.EnterAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        if (_open.TryGetValue((request.Machine, request.Id), out var open))
        {
            return new QemuSnapshot(open);
        }

        var machine = folders.Get(request.Machine, cancellationToken);
        if (machine.Document.Exports is not null)
        {
            throw MachineErrors.Failed(machine.Uuid, "Taking a snapshot", "disks of it are still served by exports", "Wait until they are copied to disks of its own.", true);
        }

        machine.Runtime.Prepare(machine.Uuid);
        var journal = SnapshotJournal.Read(machine.Uuid, machine.Folder);
        await ThawLeftoverAsync(machine, journal).ConfigureAwait(false);
        if (journal.Snapshots.Find(entry => entry.Id == request.Id) is { } leftover)
        {
            // Begun by a process that is gone; its content went with it.
            await _removal.ReleaseAsync(machine, journal, leftover, SnapshotOutcome.Abandoned, cancellationToken).ConfigureAwait(false);
        }

        var taker = new SnapshotTaker(options, hosts, _freeze, _removal, logger);
        open = await taker.TakeAsync(machine, journal, request, cancellationToken).ConfigureAwait(false);
        _open[(request.Machine, request.Id)] = open;
        return new QemuSnapshot(open);
    }

    /// <summary>The ids of a machine's snapshots; none if it is gone.</summary>
    public IReadOnlyList<string> List(Guid machine, CancellationToken cancellationToken) =>
        folders.Find(machine, cancellationToken) is { } record ? [.. SnapshotJournal.Read(machine, record.Folder).Snapshots.Select(entry => entry.Id)] : [];

    public async ValueTask ReleaseAsync(Guid machine, string id, SnapshotOutcome outcome, CancellationToken cancellationToken)
    {
        using var gate = await gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        if (_open.TryRemove((machine, id), out var open))
        {
            await open.DisposeAsync().ConfigureAwait(false);
        }

        if (folders.Find(machine, cancellationToken) is not { } record)
        {
            return;
        }

        var journal = SnapshotJournal.Read(machine, record.Folder);
        if (journal.Snapshots.Find(entry => entry.Id == id) is { } entry)
        {
            await _removal.ReleaseAsync(record, journal, entry, outcome, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Ends what snapshots of this process hold of a machine whose disks go to somebody else; they say so when they are read. The caller holds the machine's gate.</summary>
    public async ValueTask BreakAsync(Guid machine, string because)
    {
        foreach (var (key, open) in _open)
        {
            if (key.Machine == machine && open.Entry.Disks.Count > 0)
            {
                open.Break(because);
                await open.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Takes away what a killed process left in guests: they are thawed, and their copy-before-write images go. Bitmaps stay for the release, which knows what became of the snapshot.</summary>
    public async ValueTask CleanAsync(CancellationToken cancellationToken)
    {
        foreach (var machine in folders.List(cancellationToken))
        {
            try
            {
                using var gate = await gates.EnterAsync(machine.Uuid, cancellationToken).ConfigureAwait(false);
                var journal = SnapshotJournal.Read(machine.Uuid, machine.Folder);
                await ThawLeftoverAsync(machine, journal).ConfigureAwait(false);
                await TakeAwayLeftoversAsync(machine, journal, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Whatever is wrong with one machine, the others are captured.
                Log.LeftoversStay(logger, machine.Uuid, e);
            }
        }
    }

    private async ValueTask TakeAwayLeftoversAsync(MachineRecord machine, SnapshotJournal journal, CancellationToken cancellationToken)
    {
        var leftovers = journal.Snapshots.Where(entry => !_open.ContainsKey((machine.Uuid, entry.Id))).ToList();
        if (leftovers.Count == 0)
        {
            return;
        }

        var lease = await hosts.FindQemuAsync(machine, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        foreach (var entry in leftovers)
        {
            Log.Leftover(logger, entry.Id, machine.Uuid);
            if (lease.Found is { } qemu)
            {
                await _removal.TakeAwayAsync(machine, journal, entry, qemu, cancellationToken).ConfigureAwait(false);
                journal.Write(machine.Uuid, machine.Folder);
            }
        }
    }

    private async ValueTask ThawLeftoverAsync(MachineRecord machine, SnapshotJournal journal)
    {
        if (journal.IsFrozen)
        {
            await _freeze.ThawAsync(machine, journal).ConfigureAwait(false);
        }
    }
}
