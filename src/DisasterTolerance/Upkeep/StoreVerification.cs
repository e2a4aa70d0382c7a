using DisasterTolerance.Catalog;
using DisasterTolerance.Shipping;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Upkeep;

/// <summary>
/// Reads the whole store, finds the points that damage hurts, fetches good records from the peer that shares the machine, and marks what stays damaged. Thread-safe.
/// </summary>
internal sealed class StoreVerification(SiteContext site, MachineDirectory machines, PointDirectory points, RecordExchange exchange)
{
    private const int PageSize = 1000;
    private const string Reason = "records are missing or damaged in this store";

    private readonly ILogger _log = site.Logs.CreateLogger<StoreVerification>();

    public async ValueTask<StoreCheck> RunAsync(CancellationToken cancellationToken)
    {
        var read = await site.Store.VerifyAsync(0, cancellationToken).ConfigureAwait(false);
        long healed = 0;
        List<Guid> damaged = [];
        for (var skip = 0; ; skip += PageSize)
        {
            var page = await site.Catalog.QueryMachinesAsync(new MachineQuery { IncludeRemoved = true, Skip = skip, Take = PageSize }, cancellationToken).ConfigureAwait(false);
            foreach (var machine in page.Items)
            {
                healed += await CheckAsync(machine, damaged, cancellationToken).ConfigureAwait(false);
            }

            if (page.Items.Count < PageSize)
            {
                return new StoreCheck(read.Records, read.Bytes, read.Damaged.Count, healed, damaged);
            }
        }
    }

    private async ValueTask<long> CheckAsync(MachineRow machine, List<Guid> damaged, CancellationToken cancellationToken)
    {
        long healed = 0;
        var plan = await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false);
        foreach (var point in await points.ListOwnAsync(machine.Uuid, cancellationToken).ConfigureAwait(false))
        {
            var root = LiveRoot.Manifest(point.Manifest);
            using var scope = site.Store.BeginScope();
            scope.Pin(LiveRoot.Damaged(point.Manifest));
            if (await site.Catalog.FindPointAsync(point.Uuid, site.Uuid, cancellationToken).ConfigureAwait(false) is not { Removed: null })
            {
                // What a sweep takes from a point that was removed meanwhile is no damage.
                continue;
            }

            var missing = await site.Store.FindMissingAsync(root, cancellationToken).ConfigureAwait(false);
            while (missing.Count > 0 && plan is not null)
            {
                // A node that came back may name more that is missing, so this goes on until nothing more comes.
                var fetched = await TryFetchAsync(machine, site.PeerOf(plan), missing, cancellationToken).ConfigureAwait(false);
                healed += fetched;
                if (fetched == 0)
                {
                    break;
                }

                missing = await site.Store.FindMissingAsync(root, cancellationToken).ConfigureAwait(false);
            }

            if (await MarkAsync(machine, point, missing.Count > 0 ? Reason : "", cancellationToken).ConfigureAwait(false) is { Removed: null, Damage.Length: > 0 })
            {
                damaged.Add(point.Uuid);
            }
        }

        return healed;
    }

    // A peer that cannot help, or a store without room for what it gives, must not keep the damage from being marked, here and at the points that are still to be looked at.
    private async ValueTask<long> TryFetchAsync(MachineRow machine, Guid peer, IReadOnlyList<MissingRecord> missing, CancellationToken cancellationToken)
    {
        try
        {
            return await exchange.FetchAsync(peer, machine.Uuid, missing, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e)
        {
            Log.NotHealed(_log, machine.Name, site.NameOf(peer), e);
            return 0;
        }
    }

    /// <returns>The point as it is in the catalog now; null if it is not there any more.</returns>
    private async ValueTask<PointRow?> MarkAsync(MachineRow machine, PointRow point, string damage, CancellationToken cancellationToken)
    {
        if (point.Damage == damage)
        {
            return point;
        }

        PointRow? now = null;
        var isMarked = false;
        await machines.UpdateWithAsync(
            machine.Uuid,
            row => row,
            async (row, batch) =>
            {
                // Retention or an edit may have changed the point since it was listed.
                now = await site.Catalog.FindPointAsync(point.Uuid, site.Uuid, cancellationToken).ConfigureAwait(false);
                isMarked = now is { Removed: null } && now.Damage != damage;
                if (isMarked)
                {
                    now = now! with { Damage = damage, FactsVersion = row.FactsVersion };
                    batch.Add(new CatalogChange.PutPoint(now));
                }
            },
            cancellationToken).ConfigureAwait(false);
        if (isMarked && damage.Length > 0)
        {
            site.Events.Publish(SiteEventKind.Damage, $"Point {point.Name} of machine '{machine.Name}' is damaged and could not be healed from the peer: {damage}.", machine.Uuid, machine.Plan);
        }

        return now;
    }
}
