using DisasterTolerance.Catalog;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.InstantBoot;

/// <summary>What a machine is started from. Immutable.</summary>
/// <param name="Definition">What it looks like.</param>
/// <param name="Exports">Where each disk is served, by disk id.</param>
internal sealed record BootSource(MachineDefinition Definition, IReadOnlyDictionary<string, Uri> Exports);

/// <summary>
/// Serves what machines are started from. The first thing that a site does for its machines: guests that run from exports wait for them, whatever else the site knows or doubts. Thread-safe.
/// </summary>
/// <param name="site">The site.</param>
/// <param name="points">Its points.</param>
/// <param name="exports">Who serves.</param>
internal sealed class BootServing(SiteContext site, PointDirectory points, IBootExports exports)
{
    private const int PageSize = 1000;

    private readonly ILogger _log = site.Logs.CreateLogger<BootServing>();

    /// <summary>Whether machines of a plan can be started from exports.</summary>
    public bool IsAble(PlanRow plan) => site.HypervisorOf(plan) is IInstantBoot;

    /// <summary>Serves the disks of a machine, or says again where they are served.</summary>
    public async ValueTask<BootSource> OpenAsync(MachineRow machine, BootState boot, CancellationToken cancellationToken)
    {
        var point = await site.Catalog.FindPointAsync(boot.Point, site.Uuid, cancellationToken).ConfigureAwait(false)
            ?? throw new DisasterToleranceException(
                ErrorCode.NoRecoveryPoint, $"The catalog of site '{site.Name}' has no point {boot.Point} any more, from which machine '{machine.Name}' was started. Restore the catalog, or recover the machine by force.");
        var manifest = await points.ReadManifestAsync(point, cancellationToken).ConfigureAwait(false);
        return new(manifest.Definition, await exports.OpenAsync(boot.Run, manifest, boot.Stage == BootStage.Starting, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Ends serving the disks of a machine and deletes what was written to them.</summary>
    public ValueTask DeleteAsync(BootState boot, CancellationToken cancellationToken) => exports.DeleteAsync(boot.Run, cancellationToken);

    /// <summary>As <see cref="DeleteAsync"/>, for a failover that came to nothing. What cannot be deleted is logged and left: nothing was written to it.</summary>
    public async ValueTask TryDeleteAsync(PendingWork failover, CancellationToken cancellationToken)
    {
        if (!failover.FromExports)
        {
            return;
        }

        try
        {
            await exports.DeleteAsync(failover.Id, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.NotDeleted(_log, failover.Id, e);
        }
    }

    /// <summary>Serves everything that machines of this site use. What fails is logged and tried again by <see cref="DiskPulls"/>.</summary>
    public async ValueTask ServeAllAsync(CancellationToken cancellationToken)
    {
        foreach (var machine in await FindAsync(cancellationToken).ConfigureAwait(false))
        {
            if (machine.Boot is not { Stage: not BootStage.Leaving } boot)
            {
                continue;
            }

            try
            {
                await OpenAsync(machine, boot, cancellationToken).ConfigureAwait(false);
                Log.Served(_log, machine.Name, boot.Run);
            }
            catch (DisasterToleranceException e)
            {
                Log.NotServed(_log, machine.Name, boot.Run, e);
            }
        }
    }

    /// <summary>All machines that do not have all their data on disks of their own, also those that were taken out of their plan.</summary>
    public async ValueTask<IReadOnlyList<MachineRow>> FindAsync(CancellationToken cancellationToken)
    {
        List<MachineRow> found = [];
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryMachinesAsync(new MachineQuery { IncludeRemoved = true, Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            found.AddRange(page.Items.Where(row => row.Boot is not null));
            if (page.Items.Count < PageSize)
            {
                return found;
            }
        }
    }

    /// <summary>Ends serving everything, before the store closes. What was written stays.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => exports.StopAsync(cancellationToken).AsTask();
}
