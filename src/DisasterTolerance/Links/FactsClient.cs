using DisasterTolerance.Catalog;
using DisasterTolerance.Plans;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Links;

/// <summary>Asks a peer for whole lists, page by page. A list that changes meanwhile is asked for again. Bounded whatever the peer answers. Thread-safe.</summary>
internal sealed class FactsClient(SiteContext site)
{
    private const int Entries = 200_000;
    private const int Attempts = 5;

    public async ValueTask<IReadOnlyList<LinkRow>> ListLinksAsync(IPeerLink link, CancellationToken cancellationToken) =>
        (await DigestAsync(link, DigestSection.Links, digest => digest.Links, cancellationToken).ConfigureAwait(false)).Entries;

    public async ValueTask<IReadOnlyList<PlanStamp>> ListPlansAsync(IPeerLink link, CancellationToken cancellationToken) =>
        (await DigestAsync(link, DigestSection.Plans, digest => digest.Plans, cancellationToken).ConfigureAwait(false)).Entries;

    public ValueTask<(Guid Catalog, IReadOnlyList<MachineStamp> Entries)> ListMachinesAsync(IPeerLink link, DigestSection section, CancellationToken cancellationToken) =>
        DigestAsync(link, section, digest => digest.Machines, cancellationToken);

    /// <returns>Null if the peer does not have it.</returns>
    public async ValueTask<PlanContent?> FindPlanAsync(IPeerLink link, Guid plan, CancellationToken cancellationToken)
    {
        try
        {
            PlanContent? first = null;
            var (_, machines) = await ReadAsync(
                link,
                async (skip, token) =>
                {
                    var page = await link.CallAsync(FactsMethods.Plan, new PlanRequest(plan, skip), token).ConfigureAwait(false);
                    first = skip == 0 ? page : first;
                    var same = first is not null && PlanStamp.Of(first.Plan) == PlanStamp.Of(page.Plan);
                    return (page.Plan.Uuid, same ? page.Total : -1, page.Machines);
                },
                cancellationToken).ConfigureAwait(false);
            return first! with { Machines = machines, Total = machines.Count };
        }
        catch (PeerRefusedException e) when (e.PeerCode == ErrorCode.NotFound)
        {
            return null;
        }
    }

    /// <returns>Null if the peer does not have it.</returns>
    public async ValueTask<MachineFacts?> FindMachineAsync(IPeerLink link, Guid machine, Guid catalog, long since, CancellationToken cancellationToken)
    {
        try
        {
            MachineFacts? first = null;
            var (_, points) = await ReadAsync(
                link,
                async (skip, token) =>
                {
                    var page = await link.CallAsync(FactsMethods.Machine, new FactsRequest(machine, catalog, since, skip), token).ConfigureAwait(false);
                    first = skip == 0 ? page : first;
                    var same = first!.Row.FactsVersion == page.Row.FactsVersion && first.Full == page.Full;
                    return (page.Catalog, same ? page.Total : -1, page.Points);
                },
                cancellationToken).ConfigureAwait(false);
            return first! with { Points = points, Total = points.Count };
        }
        catch (PeerRefusedException e) when (e.PeerCode == ErrorCode.NotFound)
        {
            return null;
        }
    }

    private ValueTask<(Guid Catalog, IReadOnlyList<T> Entries)> DigestAsync<T>(
        IPeerLink link, DigestSection section, Func<Digest, IReadOnlyList<T>> listOf, CancellationToken cancellationToken) => ReadAsync(
        link,
        async (skip, token) =>
        {
            var page = await link.CallAsync(FactsMethods.Digest, new DigestRequest(section, skip), token).ConfigureAwait(false);
            return (page.Catalog, page.Total, listOf(page));
        },
        cancellationToken);

    private async ValueTask<(Guid Source, IReadOnlyList<T> Entries)> ReadAsync<T>(
        IPeerLink link, Func<int, CancellationToken, Task<(Guid Source, long Total, IReadOnlyList<T> Page)>> read, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            List<T> entries = [];
            var (source, total, page) = await read(0, cancellationToken).ConfigureAwait(false);
            var same = true;
            entries.AddRange(page);
            while (same && entries.Count < total && page.Count > 0 && entries.Count < Entries)
            {
                var next = await read(entries.Count, cancellationToken).ConfigureAwait(false);
                same = next.Source == source && next.Total == total;
                page = next.Page;
                entries.AddRange(page);
            }

            if (same && entries.Count == total)
            {
                return (source, entries);
            }

            if (attempt == Attempts)
            {
                throw new DisasterToleranceException(
                    ErrorCode.Unavailable, $"Site '{link.PeerName}' does not finish a list of facts for site '{site.Name}': it changes all the time, or is longer than {Entries} entries. It is asked again later.", isTransient: true);
            }
        }
    }
}
