using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using DisasterTolerance.Nbd;
using DisasterTolerance.Plans;
using DisasterTolerance.Recovery;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Exports;

/// <summary>The public face of exports: finds the point, holds it, serves its disks. Ends everything that is still served when the site stops.</summary>
internal sealed class PointExports(SiteContext site, MachineDirectory machines, RecoveryPoints points, PointDirectory manifests, ExportHost host, AuditLog audit) : IPointExports, ISitePart
{
    private readonly ILogger _log = site.Logs.CreateLogger<PointExports>();
    private readonly ConcurrentDictionary<ServedPoint, bool> _served = new();

    public async ValueTask<IServedPoint> ServeAsync(PointExportRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentException.ThrowIfNullOrEmpty(request.Actor);
        var (machine, _) = await machines.FindAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        return await audit.RecordAsync(
            request.Actor,
            "point.serve",
            machine.Uuid.ToString(),
            () => ServeAsync(machine, request, cancellationToken),
            served => $"point {served.PointName} is served, {(request.IsWritable ? "to be written to" : "read-only")}").ConfigureAwait(false);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var served in _served.Keys)
        {
            await served.DisposeAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<ServedPoint> ServeAsync(MachineRow machine, PointExportRequest request, CancellationToken cancellationToken)
    {
        var row = await points.FindAsync(machine, request.Point, cancellationToken).ConfigureAwait(false);
        if (row is null || !BranchRules.IsUsable(row))
        {
            var why = row is null ? "has no usable point" : $"has point {row.Name}, but it was removed or is damaged{(row.Damage.Length == 0 ? "" : $" ({row.Damage})")}";
            throw new DisasterToleranceException(ErrorCode.NoRecoveryPoint, $"The store of site '{site.Name}' {why} of {MachineNames.Of(machine)}. Choose another one of the list of points.");
        }

        var served = new ServedPoint(row.Uuid, row.Name);
        try
        {
            served.AtEnd(site.PointsInUse.Enter(row.Uuid));
            await OpenAsync(served, machine, row, request.IsWritable, cancellationToken).ConfigureAwait(false);
            _served[served] = true;
            served.AtEnd(() =>
            {
                _served.TryRemove(served, out _);
                return ValueTask.CompletedTask;
            });
            return served;
        }
        catch
        {
            await served.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async ValueTask OpenAsync(ServedPoint served, MachineRow machine, PointRow row, bool isWritable, CancellationToken cancellationToken)
    {
        var manifest = await manifests.ReadManifestAsync(row, cancellationToken).ConfigureAwait(false);
        var parent = await FindParentAsync(manifest, cancellationToken).ConfigureAwait(false);
        List<PointDisk> disks = [];
        foreach (var disk in manifest.Disks)
        {
            var open = new PointDisk(site.Store, manifest, disk, parent, site.Workers);
            served.AtEnd(open.DisposeAsync);
            disks.Add(open);
        }

        // Now that its records are held: had the point been removed before, some of them could be gone.
        await points.DemandAsync(machine, row.Uuid, cancellationToken).ConfigureAwait(false);
        foreach (var (disk, open) in manifest.Disks.Zip(disks))
        {
            INbdExport export = isWritable ? Over(served, open, disk) : open;
            var report = Reporter($"Disk '{disk.Definition.Id}' of point {row.Name} of {MachineNames.Of(machine)}", machine);
            var on = await host.ServeAsync(export, null, report, cancellationToken).ConfigureAwait(false);
            served.AtEnd(on.DisposeAsync);
            served.Add(new ServedPointDisk(disk.Definition.Id, open.Length, on.Uri, on.RemoteUri));
        }

        Log.PointServed(_log, row.Name, machine.Name, served.Disks.Count, isWritable);
    }

    // Without its parent a point is served all the same, only without telling what changed.
    private async ValueTask<PointManifest?> FindParentAsync(PointManifest manifest, CancellationToken cancellationToken) =>
        manifest.Parent is { } parent && await site.Catalog.FindPointAsync(parent, site.Uuid, cancellationToken).ConfigureAwait(false) is { } row && BranchRules.IsUsable(row)
            ? await manifests.ReadManifestAsync(row, cancellationToken).ConfigureAwait(false)
            : null;

    private OverlayDisk Over(ServedPoint served, PointDisk @base, ManifestDisk disk)
    {
        var directory = Path.Combine(host.Places.PrivateOverlays, site.Ids.NewId().ToString("n"));
        served.AtEnd(() =>
        {
            ExportHost.DeleteOverlay(directory);
            return ValueTask.CompletedTask;
        });
        var overlay = OverlayDisk.Open(directory, @base, disk.Tree.Root);
        served.AtEnd(overlay);
        return overlay;
    }

    private Action<Exception> Reporter(string disk, MachineRow machine)
    {
        var isTold = 0;
        return cause =>
        {
            if (cause is DisasterToleranceException { Code: ErrorCode.DataDamaged } && Interlocked.Exchange(ref isTold, 1) == 0)
            {
                site.Events.Publish(SiteEventKind.Damage, $"{disk} was found damaged while it was served: {cause.Message} Verify the store to fetch the data from the peer.", machine.Uuid, machine.Plan);
            }
        };
    }
}
