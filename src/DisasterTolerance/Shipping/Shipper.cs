using System.Collections.Concurrent;
using DisasterTolerance.Catalog;
using DisasterTolerance.Diagnostics;
using DisasterTolerance.Links;
using DisasterTolerance.Recovery;
using DisasterTolerance.Scheduling;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Shipping;

/// <summary>
/// Ships what the peer lacks, newest first, one point after the other. A cut session goes on at the next call. At most <see cref="EngineOptions.ParallelShips"/> machines at a time to one peer; who
/// ships only the newest has a machine that waits for it, and is not held up by others.
/// </summary>
internal sealed class Shipper(SiteContext site, MachineDirectory machines, PointDirectory points) : IShipper
{
    // Not the machine's gate: a capture must be able to go on while a slow link ships.
    private readonly MachineGates _shipping = new();
    private readonly ConcurrentDictionary<Guid, SemaphoreSlim> _places = new();

    public async ValueTask<ShipReport> ShipAsync(Guid machine, bool onlyNewest, CancellationToken cancellationToken)
    {
        using var turn = await EnterAsync(machine, onlyNewest, cancellationToken).ConfigureAwait(false);
        var (row, plan) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        var link = await DemandLinkAsync(row, plan, cancellationToken).ConfigureAwait(false);
        var work = $"Shipping machine '{row.Name}' of plan '{plan.Name}' to site '{link.PeerName}'";
        var started = site.Clock.GetTimestamp();
        var (shipped, chunks, wire) = (0, 0L, 0L);
        using var deadline = new ProgressDeadline(site.Clock, site.Options.ProgressDeadline, work, cancellationToken);
        using var progress = site.Progress.Begin(row.Uuid, Procedure.Shipping, site.Now);
        try
        {
            while (await FindNextAsync(row.Uuid, plan, deadline.Token).ConfigureAwait(false) is { } next && !(onlyNewest && shipped > 0))
            {
                var session = new SendSession(site, points, link, next.Row, next.Point, next.Bases, deadline, progress);
                await session.RunAsync().ConfigureAwait(false);
                await RecordAsync(next.Point, link.Peer, plan, deadline.Token).ConfigureAwait(false);
                shipped++;
                chunks += session.Chunks;
                wire += session.WireBytes;
            }
        }
        catch (OperationCanceledException e) when (deadline.IsStalled)
        {
            throw deadline.Explain(e);
        }
        catch (PeerRefusedException e)
        {
            // The run's report shall say what is wrong over there, not only that something is.
            throw e.ToAnswer($"{work}: site '{link.PeerName}' did not take it: ", " Points are kept here and shipped when that is repaired.");
        }

        return new ShipReport(shipped, chunks, wire, site.Clock.GetElapsedTime(started));
    }

    private async ValueTask<IDisposable> EnterAsync(Guid machine, bool onlyNewest, CancellationToken cancellationToken)
    {
        if (onlyNewest)
        {
            return await _shipping.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        }

        var (_, plan) = await machines.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        var places = _places.GetOrAdd(site.PeerOf(plan), _ => new SemaphoreSlim(site.Options.ParallelShips));
        return await _shipping.EnterAsync(machine, places, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<IPeerLink> DemandLinkAsync(MachineRow row, PlanRow plan, CancellationToken cancellationToken)
    {
        if (OwnershipRules.MayCapture(row, site.Uuid) is { } refusal)
        {
            throw refusal.ToException();
        }

        var peer = site.PeerOf(plan);
        var links = await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false);
        if (site.Links.Find(peer) is not { } link || !links.Any(l => l.Deleted is null && (l.SideA == peer || l.SideB == peer)))
        {
            throw new DisasterToleranceException(
                ErrorCode.NoLink, $"Plan '{plan.Name}': there is no link between site '{site.Name}' and site '{site.NameOf(peer)}'. Add one; the points captured so far are shipped then.");
        }

        return link.State is { IsUp: false } state
            ? throw new DisasterToleranceException(
                ErrorCode.PeerUnreachable, $"Site '{link.PeerName}' does not answer: {state.Reason} Points are kept here and shipped when the link is up again.", isTransient: true)
            : link;
    }

    private async ValueTask<Next?> FindNextAsync(Guid machine, PlanRow plan, CancellationToken cancellationToken)
    {
        var row = await machines.GetAsync(machine, cancellationToken).ConfigureAwait(false);
        var own = await points.ListOwnAsync(machine, cancellationToken).ConfigureAwait(false);
        var held = await points.ListAsync(machine, site.PeerOf(plan), cancellationToken, includeRemoved: true).ConfigureAwait(false);

        // What came from the peer is not sent back: if it is gone there, the peer let it go.
        var captured = own.Where(point => point.Origin == site.Uuid).ToList();
        if (ShippingOrder.Of(captured, held, row.Forks, plan.Retention) is not [var point, ..])
        {
            return null;
        }

        var best = BranchRules.ShipBase(point, own, held, row.Forks);
        return new Next(row, point, best is null ? [] : [best]);
    }

    private async ValueTask RecordAsync(PointRow point, Guid peer, PlanRow plan, CancellationToken cancellationToken)
    {
        var own = await points.ListOwnAsync(point.Machine, cancellationToken).ConfigureAwait(false);
        var held = await points.ListAsync(point.Machine, peer, cancellationToken, includeRemoved: true).ConfigureAwait(false);
        await machines.UpdateWithAsync(
            point.Machine,
            row => row with
            {
                DeltaBytes = ShippingOrder.Bytes(ShippingOrder.Of(own, held, row.Forks, plan.Retention).Where(p => p.Uuid != point.Uuid)),
            },
            async (_, batch) =>
            {
                // The peer may tell of the point before the end of its session is heard here.
                if (await site.Catalog.FindPointAsync(point.Uuid, peer, cancellationToken).ConfigureAwait(false) is null)
                {
                    batch.Add(new CatalogChange.PutPoint(point with { Site = peer, ChangeTokens = new Dictionary<string, string>(), GraceUntil = null, FactsVersion = 0, RowVersion = 0 }));
                }
            },
            cancellationToken).ConfigureAwait(false);
    }

    private sealed record Next(MachineRow Row, PointRow Point, IReadOnlyList<PointRow> Bases);
}
