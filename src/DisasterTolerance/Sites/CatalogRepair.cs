using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sites;

/// <summary>See <see cref="ICatalogRepair"/>. One at a time.</summary>
internal sealed class CatalogRepair(SiteContext site, MachineDirectory machines) : ICatalogRepair, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ILogger _log = site.Logs.CreateLogger<CatalogRepair>();

    public async ValueTask<int> RunAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var inserted = 0;
            foreach (var point in await FindLostAsync(cancellationToken).ConfigureAwait(false))
            {
                if (await InsertAsync(point, cancellationToken).ConfigureAwait(false))
                {
                    inserted++;
                }
            }

            if (inserted > 0)
            {
                Log.PointsReturned(_log, inserted);
            }

            return inserted;
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>The rows of points that are whole in the store and unknown to the catalog, oldest first.</summary>
    private async ValueTask<IReadOnlyList<PointRow>> FindLostAsync(CancellationToken cancellationToken)
    {
        List<PointRow> lost = [];
        foreach (var hash in site.Store.ListManifests())
        {
            if (await TryReadAsync(hash, cancellationToken).ConfigureAwait(false) is not { } manifest
                || await site.Catalog.FindMachineAsync(manifest.Machine, cancellationToken).ConfigureAwait(false) is null
                || await site.Catalog.FindPointAsync(manifest.Point, site.Uuid, cancellationToken).ConfigureAwait(false) is not null)
            {
                continue;
            }

            var missing = await site.Store.FindMissingAsync(LiveRoot.Manifest(hash), cancellationToken).ConfigureAwait(false);
            if (missing.Count == 0)
            {
                lost.Add(PointRows.FromManifest(manifest, hash, site.Uuid));
            }
            else
            {
                // A point that was removed before, and half swept since, looks like this too.
                Log.PointNotReturned(_log, manifest.Name, manifest.Machine, missing.Count);
            }
        }

        return [.. lost.OrderBy(point => point.Sequence).ThenBy(point => point.Epoch).ThenBy(point => point.Uuid)];
    }

    private async ValueTask<PointManifest?> TryReadAsync(ContentHash hash, CancellationToken cancellationToken)
    {
        try
        {
            return await site.Store.ReadManifestAsync(hash, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (e.Code is ErrorCode.DataDamaged or ErrorCode.FormatVersion)
        {
            Log.ManifestUnreadable(_log, hash.ToString(), e);
            return null;
        }
    }

    private async ValueTask<bool> InsertAsync(PointRow point, CancellationToken cancellationToken)
    {
        var machine = await machines.GetAsync(point.Machine, cancellationToken).ConfigureAwait(false);
        var plan = await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false);
        var isProtected = machine.Removed is null && plan is { Deleted: null };
        var row = isProtected ? point : point with { GraceUntil = site.Now + site.Retention.GracePeriod };
        var isNew = false;
        await machines.UpdateWithAsync(
            point.Machine,
            old => old with { LastSequence = Math.Max(old.LastSequence, row.Sequence), Own = Holding(old.Own, row) },
            async (changed, batch) =>
            {
                isNew = await site.Catalog.FindPointAsync(row.Uuid, site.Uuid, cancellationToken).ConfigureAwait(false) is null;
                if (isNew)
                {
                    batch.Add(new CatalogChange.PutPoint(row with { FactsVersion = changed.FactsVersion }));
                }
            },
            cancellationToken).ConfigureAwait(false);
        return isNew;
    }

    // How many bytes they hold is measured by the next sweep.
    private HoldingFacts Holding(HoldingFacts own, PointRow point)
    {
        var more = own with { Count = own.Count + 1, Learnt = site.Now };
        return own.LastPointBegan is { } newest && newest > point.Began
            ? more
            : more with { LastPointName = point.Name, LastPointBegan = point.Began, LastPointCommitted = point.Committed };
    }
}
