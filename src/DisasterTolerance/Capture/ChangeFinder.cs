using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Capture;

/// <summary>
/// Finds out which chunks of a snapshot have to be read: what the tracker names, after a sample of what it does not name was read and compared. All disks are asked before the first is captured, so
/// that a tracker that is caught at one of them is used for none. Thread-safe.
/// </summary>
internal sealed class ChangeFinder(SiteContext site, MachineDirectory machines)
{
    private readonly ILogger _log = site.Logs.CreateLogger<ChangeFinder>();

    /// <param name="shot">The snapshot.</param>
    /// <param name="geometry">The machine's geometry.</param>
    /// <param name="parent">The point that is compared with; null without one.</param>
    /// <param name="parentManifest">Its manifest.</param>
    /// <param name="deadline">Told of every step.</param>
    public async ValueTask<FoundChanges> FindAsync(CaptureShot shot, ChunkGeometry geometry, PointRow? parent, PointManifest? parentManifest, ProgressDeadline deadline)
    {
        var audit = new TrackerAudit(site.Store, geometry, site.Options.TrackerAuditChunks, new Random(shot.Point.GetHashCode()), deadline);
        List<DiskChanges> disks = [];
        var because = "";
        foreach (var disk in shot.Snapshot.Disks)
        {
            if (parentManifest?.Disks.FirstOrDefault(d => d.Definition.Id == disk.Definition.Id) is not { } old)
            {
                disks.Add(new DiskChanges(disk, null, null));
                continue;
            }

            var (changed, unknown) = await AskAsync(shot, disk, parent!, deadline.Token).ConfigureAwait(false);
            deadline.Moved();
            because = unknown ?? because;
            var ranges = changed is null ? null : ChunkRanges.OfChanges(changed, disk.Definition.LengthBytes, old.Definition.LengthBytes, geometry);
            disks.Add(new DiskChanges(disk, old, ranges));
            if (ranges is not null && await audit.FindMissedAsync(disk, old.Tree, ranges).ConfigureAwait(false) is { } missed)
            {
                var distrust = new TrackerDistrust(
                    site.Now,
                    $"disk '{disk.Definition.Id}': {geometry.ChunkSize:N0} bytes at {missed * geometry.ChunkSize:N0} were called unchanged since point {parent!.Name}, and they differ");
                await DistrustAsync(shot, distrust, deadline.Token).ConfigureAwait(false);
                return new FoundChanges(
                    [.. shot.Snapshot.Disks.Select(d => new DiskChanges(d, parentManifest.Disks.FirstOrDefault(o => o.Definition.Id == d.Definition.Id), null))], Explain(distrust), audit.ReadBytes);
            }
        }

        return new FoundChanges(disks, because, audit.ReadBytes);
    }

    /// <summary>What the tracker says has changed, or why everything has to be compared (D8).</summary>
    private static async ValueTask<(IReadOnlyList<DiskExtent>? Changed, string? Unknown)> AskAsync(CaptureShot shot, ISnapshotDisk disk, PointRow parent, CancellationToken cancellationToken)
    {
        if (shot.Hypervisor is not IChangedBlockTracker tracker)
        {
            return (null, "the hypervisor has no change tracker");
        }

        if (shot.Row.DistrustedTracker is { } distrust)
        {
            return (null, Explain(distrust));
        }

        var id = disk.Definition.Id;
        if (!parent.ChangeTokens.TryGetValue(id, out var since))
        {
            return (null, $"point {parent.Name} has no tracker position for disk '{id}'");
        }

        var changed = await tracker.GetChangedExtentsAsync(shot.Snapshot, id, new ChangeToken(since), cancellationToken).ConfigureAwait(false);
        return (changed.Extents, changed.Extents is null ? $"disk '{id}': {changed.UnknownBecause}" : null);
    }

    // Before the capture goes on: whatever becomes of this run, no later one may believe the tracker.
    private async ValueTask DistrustAsync(CaptureShot shot, TrackerDistrust distrust, CancellationToken cancellationToken)
    {
        var row = shot.Row;
        Log.TrackerDistrusted(_log, row.Name, distrust.Because);
        await machines.UpdateAsync(row.Uuid, m => m with { DistrustedTracker = distrust }, cancellationToken).ConfigureAwait(false);
        site.Events.Publish(
            SiteEventKind.TrackerDistrusted,
            $"The change tracker of machine '{row.Name}' missed a change: {distrust.Because}. Points that it helped to make may lack changes; this run and all later ones compare everything. Find the cause, then trust the tracker again.",
            row.Uuid,
            row.Plan);
    }

    private static string Explain(TrackerDistrust distrust) => $"the change tracker is not trusted since {distrust.Since:u}: {distrust.Because}";
}

/// <summary>Which chunks of a disk have to be read. Immutable.</summary>
/// <param name="Disk">The disk.</param>
/// <param name="Old">The same disk at the point that is compared with; null without one.</param>
/// <param name="Changed">The chunks that may differ; null if everything has to be compared.</param>
internal sealed record DiskChanges(ISnapshotDisk Disk, ManifestDisk? Old, IReadOnlyList<ChunkRange>? Changed);

/// <summary>Which chunks of all disks have to be read. Immutable.</summary>
/// <param name="Disks">In the snapshot's order.</param>
/// <param name="ComparedBecause">Why something is compared by hash; empty if nothing is, or if there was nothing to compare with.</param>
/// <param name="AuditedBytes">Bytes read to check the tracker.</param>
internal sealed record FoundChanges(IReadOnlyList<DiskChanges> Disks, string ComparedBecause, long AuditedBytes);
