using DisasterTolerance.Capture;
using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Restores a point: pin its records → each disk (open → write what differs → flush) → register. Repeatable at every step, so a restore that was killed is simply done again.
/// </summary>
internal sealed class DiskRestorer(SiteContext site) : IDiskRestorer
{
    private readonly ILogger _log = site.Logs.CreateLogger<DiskRestorer>();

    public async ValueTask<long> RestoreAsync(PlanRow plan, MachineRow machine, PointManifest manifest, CancellationToken cancellationToken)
    {
        var hypervisor = site.HypervisorOf(plan);
        var local = site.LocalUuid(plan, machine);
        var work = $"Restoring point {manifest.Name} ({manifest.Point}) to machine '{machine.Name}' ({local}) of plan '{plan.Name}'";
        using var deadline = new ProgressDeadline(site.Clock, site.Options.ProgressDeadline, work, cancellationToken);
        using var progress = site.Progress.Begin(machine.Uuid, Procedure.Recovering, site.Now);
        using var scope = site.Store.BeginScope();
        foreach (var disk in manifest.Disks)
        {
            // A sweep that runs meanwhile must not take the records away, even if the point's row goes.
            scope.Pin(LiveRoot.Tree(disk.Tree));
            progress.AddTotal(disk.Definition.LengthBytes);
        }

        try
        {
            long written = 0;
            foreach (var disk in manifest.Disks)
            {
                written += await RestoreAsync(hypervisor, local, manifest, disk, work, deadline, progress).ConfigureAwait(false);
            }

            await hypervisor.RegisterAsync(local, manifest.Definition, deadline.Token).ConfigureAwait(false);
            Log.Restored(_log, manifest.Name, machine.Name, manifest.Disks.Count, written);
            return written;
        }
        catch (OperationCanceledException e) when (deadline.IsStalled)
        {
            throw deadline.Explain(e);
        }
    }

    private async ValueTask<long> RestoreAsync(
        IHypervisorProvider hypervisor, Guid local, PointManifest manifest, ManifestDisk disk, string work, ProgressDeadline deadline, ProgressBoard.Entry progress)
    {
        var target = await hypervisor.OpenDiskAsync(local, disk.Definition, deadline.Token).ConfigureAwait(false);
        await using var closing = target.ConfigureAwait(false);
        deadline.Moved();
        try
        {
            var writer = new DiskWriter(site, target, manifest.Geometry, disk, deadline, progress);
            await writer.RunAsync().ConfigureAwait(false);
            await target.FlushAsync(deadline.Token).ConfigureAwait(false);
            deadline.Moved();
            return writer.WrittenBytes;
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.DataDamaged)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged,
                $"{work}: disk '{disk.Definition.Id}' cannot be restored, because the point is missing data or is damaged in the store of site '{site.Name}'. {e.Message} "
                + "The machine is not started from it. Use another point, or verify the store to fetch the data from the peer.",
                innerException: e);
        }
    }
}
