using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Upkeep;

/// <summary>Frees what no point and no session needs, and then measures exactly what each machine's points hold. Thread-safe.</summary>
internal sealed class StoreSweep(SiteContext site, MachineDirectory machines, PointDirectory points)
{
    private const int PageSize = 1000;

    private readonly ILogger _log = site.Logs.CreateLogger<StoreSweep>();

    /// <returns>Bytes freed.</returns>
    public async ValueTask<long> RunAsync(CancellationToken cancellationToken)
    {
        site.Certainty.Demand(site.Name);
        await EndSessionsAsync(cancellationToken).ConfigureAwait(false);
        var report = await site.Store.SweepAsync(ReadRootsAsync, cancellationToken).ConfigureAwait(false);
        if (!report.IsComplete)
        {
            Log.SweepRefused(_log, report.Missing.Count);
            site.Events.Publish(SiteEventKind.Damage, $"The sweep removed nothing: {report.Missing.Count} records that points need are missing or damaged. Verify the store.");
            return 0;
        }

        Log.Swept(_log, report.PacksDeleted, report.FreedBytes, report.LiveBytes);
        await MeasureAsync(cancellationToken).ConfigureAwait(false);
        return report.FreedBytes;
    }

    private async ValueTask<IReadOnlyCollection<LiveRoot>> ReadRootsAsync(CancellationToken cancellationToken)
    {
        List<LiveRoot> roots = [];
        // Not by pages of a query: a point that is removed meanwhile would shift them, and the one at the boundary would be swept alive.
        await foreach (var point in site.Catalog.ReadPointsAsync(site.Uuid, cancellationToken).ConfigureAwait(false))
        {
            // What is left of a damaged point is what it is healed from.
            roots.Add(point.Damage.Length == 0 ? LiveRoot.Manifest(point.Manifest) : LiveRoot.Damaged(point.Manifest));
        }

        foreach (var session in await site.Catalog.ListSessionsAsync(cancellationToken).ConfigureAwait(false))
        {
            roots.AddRange(session.Disks.Select(d => LiveRoot.Tree(new DiskTree(d.Root, d.Depth))));
        }

        return roots;
    }

    private async ValueTask EndSessionsAsync(CancellationToken cancellationToken)
    {
        var batch = new CatalogBatch();
        foreach (var session in await site.Catalog.ListSessionsAsync(cancellationToken).ConfigureAwait(false))
        {
            if (session.Expires <= site.Now)
            {
                batch.Add(new CatalogChange.DeleteSession(session.Uuid));
            }
        }

        await site.Catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask MeasureAsync(CancellationToken cancellationToken)
    {
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryMachinesAsync(new MachineQuery { IncludeRemoved = true, Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            foreach (var machine in page.Items)
            {
                var own = await points.ListOwnAsync(machine.Uuid, cancellationToken).ConfigureAwait(false);
                var bytes = await site.Store.MeasureAsync([.. own.Select(p => LiveRoot.Manifest(p.Manifest))], cancellationToken).ConfigureAwait(false);
                await machines.UpdateAsync(
                    machine.Uuid,
                    row => row.Own.Bytes == bytes ? row : row with { Own = row.Own with { Bytes = bytes, Learnt = site.Now } },
                    cancellationToken).ConfigureAwait(false);
            }

            if (page.Items.Count < PageSize)
            {
                return;
            }
        }
    }
}
