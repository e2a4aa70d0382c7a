using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Links;

/// <summary>Tells peers what this site knows of the things that both share, page by page, and nothing else. Thread-safe.</summary>
internal sealed class FactsServer(SiteContext site)
{
    public const int DigestPage = 1000;
    public const int MachinePage = 200;
    public const int PointPage = 1000;

    private const int Attempts = 20;

    private static readonly Digest Empty = new(Guid.Empty, 0, [], [], []);

    public async ValueTask<Digest> DigestAsync(Guid peer, DigestRequest request, CancellationToken cancellationToken)
    {
        DemandPage(request.Skip);
        var catalog = site.CatalogState.Id;
        switch (request.Section)
        {
            case DigestSection.Links:
                var links = (await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false)).Where(link => LinkRules.Joins(link, site.Uuid, peer)).ToList();
                return Empty with { Catalog = catalog, Total = links.Count, Links = [.. links.Skip(request.Skip).Take(DigestPage)] };
            case DigestSection.Plans:
                var query = new PlanQuery { AnySite = peer, IncludeDeleted = true, Skip = request.Skip, Take = DigestPage };
                var plans = await site.Catalog.QueryPlansAsync(query, cancellationToken).ConfigureAwait(false);
                return Empty with { Catalog = catalog, Total = plans.TotalCount, Plans = [.. plans.Items.Select(PlanStamp.Of)] };
            case DigestSection.AskerIsMaster or DigestSection.AskerIsSlave:
                var machines = await site.Catalog.QueryMachinesAsync(
                    new MachineQuery
                    {
                        Master = request.Section == DigestSection.AskerIsMaster ? peer : null,
                        Slave = request.Section == DigestSection.AskerIsSlave ? peer : null,
                        IncludeRemoved = true,
                        Skip = request.Skip,
                        Take = DigestPage,
                    },
                    cancellationToken).ConfigureAwait(false);
                return Empty with { Catalog = catalog, Total = machines.TotalCount, Machines = [.. machines.Items.Select(machine => new MachineStamp(machine.Uuid, machine.FactsVersion))] };
            default:
                throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"Site '{site.Name}' knows no digest section {(int)request.Section}. Bring both sites to the same release.");
        }
    }

    public async ValueTask<PlanContent> PlanAsync(Guid peer, PlanRequest request, CancellationToken cancellationToken)
    {
        DemandPage(request.Skip);
        var plan = await FindPlanAsync(peer, request.Plan, cancellationToken).ConfigureAwait(false);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var query = new MachineQuery { Plan = plan.Uuid, IncludeRemoved = true, Skip = request.Skip, Take = MachinePage };
            var machines = await site.Catalog.QueryMachinesAsync(query, cancellationToken).ConfigureAwait(false);
            var version = plan.RowVersion;
            plan = await FindPlanAsync(peer, request.Plan, cancellationToken).ConfigureAwait(false);
            if (plan.RowVersion == version)
            {
                return new PlanContent(plan, [.. machines.Items.Select(MachineIdentity.Of)], machines.TotalCount);
            }

            // The machines may be those of another revision, or of another plan by now.
        }

        throw new DisasterToleranceException(ErrorCode.Unavailable, $"Plan '{plan.Name}' changes all the time at site '{site.Name}'. Ask again.", isTransient: true);
    }

    private async ValueTask<PlanRow> FindPlanAsync(Guid peer, Guid uuid, CancellationToken cancellationToken) =>
        await site.Catalog.FindPlanAsync(uuid, cancellationToken).ConfigureAwait(false) is { } plan && site.PeerOf(plan) == peer
            ? plan
            : throw new DisasterToleranceException(ErrorCode.NotFound, $"Site '{site.Name}' has no plan {uuid} together with site '{site.NameOf(peer)}'.");

    public async ValueTask<MachineFacts> MachineAsync(Guid peer, FactsRequest request, CancellationToken cancellationToken)
    {
        DemandPage(request.Skip);
        var machine = await FindAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var facts = await ReadAsync(machine, request, cancellationToken).ConfigureAwait(false);
            var version = machine.FactsVersion;
            machine = await FindAsync(peer, request.Machine, cancellationToken).ConfigureAwait(false);
            if (machine.FactsVersion == version)
            {
                return facts;
            }

            // The points were not those of the row: the version would say more than was told, or less.
        }

        throw new DisasterToleranceException(
            ErrorCode.Unavailable, $"The facts of machine '{machine.Name}' change all the time at site '{site.Name}'. Ask again.", isTransient: true);
    }

    private async ValueTask<MachineRow> FindAsync(Guid peer, Guid uuid, CancellationToken cancellationToken)
    {
        var machine = await site.Catalog.FindMachineAsync(uuid, cancellationToken).ConfigureAwait(false);
        var plan = machine is null ? null : await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false);
        return machine is not null && plan is not null && site.PeerOf(plan) == peer
            ? machine
            : throw new DisasterToleranceException(ErrorCode.NotFound, $"Site '{site.Name}' protects no machine {uuid} together with site '{site.NameOf(peer)}'.");
    }

    private async ValueTask<MachineFacts> ReadAsync(MachineRow machine, FactsRequest request, CancellationToken cancellationToken)
    {
        var catalog = site.CatalogState.Id;
        var since = request.Catalog == catalog && request.Since <= machine.FactsVersion ? request.Since : 0;
        var query = new PointQuery
        {
            Machine = machine.Uuid,
            Site = site.Uuid,
            ChangedAfter = since > 0 ? since : null,
            IncludeRemoved = true,
            Skip = request.Skip,
            Take = PointPage,
        };
        var points = await site.Catalog.QueryPointsAsync(query, cancellationToken).ConfigureAwait(false);

        // What the peer said is not said back to it, what is only this site's is not told, and positions of a change tracker mean nothing there.
        return new MachineFacts(
            catalog,
            since <= 0,
            machine with { Boot = null, DistrustedTracker = null, Peer = HoldingFacts.None, PeerFactsVersion = 0, PeerCatalog = Guid.Empty },
            [.. points.Items.Select(point => point with { ChangeTokens = new Dictionary<string, string>() })],
            points.TotalCount);
    }

    private static void DemandPage(int skip)
    {
        if (skip < 0)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"A page cannot begin at {skip}.");
        }
    }
}
