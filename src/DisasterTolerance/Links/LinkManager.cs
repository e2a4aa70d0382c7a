using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Links;

/// <summary>Keeps the links of this site, sets their limits, and says when they go up and down. Thread-safe.</summary>
internal sealed class LinkManager(SiteContext site, AuditLog audit, IFactsPublisher facts, LinkChecking checking) : ILinkManager, ISitePart
{
    private readonly MachineGates _gates = new();
    private readonly Lock _eventGate = new();
    private readonly Dictionary<Guid, bool> _wasUp = [];
    private bool _listens;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await ApplyLimitsAsync(cancellationToken).ConfigureAwait(false);
        if (_listens)
        {
            return;
        }

        _listens = true;
        foreach (var link in site.Links.Peers)
        {
            link.StateChanged += OnStateChanged;
            OnStateChanged(link, link.State);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        if (_listens)
        {
            _listens = false;
            foreach (var link in site.Links.Peers)
            {
                link.StateChanged -= OnStateChanged;
            }
        }

        return Task.CompletedTask;
    }

    public async ValueTask<LinkView> AddAsync(LinkSpecification specification, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(specification);
        var peer = DemandValid(specification);

        // One lock over all links: there are few, and a link must not be made twice.
        using var gate = await _gates.EnterAsync(site.Uuid, cancellationToken).ConfigureAwait(false);
        var links = await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false);
        if (LinkRules.Holding(links, site.Uuid, peer) is { } present)
        {
            throw new DisasterToleranceException(
                ErrorCode.AlreadyExists, $"Sites '{site.Name}' and '{site.NameOf(peer)}' have the link {present.Uuid} already: edit that one.");
        }

        var now = site.Now;
        var row = new LinkRow
        {
            Uuid = site.Ids.NewId(),
            SideA = specification.SideA,
            SideAName = specification.SideAName,
            SideB = specification.SideB,
            SideBName = specification.SideBName,
            Relation = specification.Relation,
            LimitBytesPerSecond = specification.LimitBytesPerSecond,
            Created = now,
            Modified = now,
        };
        await PutAsync(row, audit.Entry(specification.Actor, "link.add", row.Uuid.ToString(), $"to site '{site.NameOf(peer)}', {Shown(row)}"), cancellationToken).ConfigureAwait(false);
        return View(row);
    }

    public async ValueTask<LinkView> EditAsync(Guid link, long limitBytesPerSecond, string actor, CancellationToken cancellationToken = default)
    {
        if (LinkRules.Check(limitBytesPerSecond, "", "", []) is [var error, ..])
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, error);
        }

        using var gate = await _gates.EnterAsync(site.Uuid, cancellationToken).ConfigureAwait(false);
        var row = await GetAsync(link, cancellationToken).ConfigureAwait(false);
        if (row.LimitBytesPerSecond == limitBytesPerSecond)
        {
            return View(row);
        }

        var edited = row with { LimitBytesPerSecond = limitBytesPerSecond, Modified = LinkRules.NextModified(row, site.Now) };
        await PutAsync(edited, audit.Entry(actor, "link.edit", link.ToString(), $"{Shown(row)} -> {Shown(edited)}"), cancellationToken).ConfigureAwait(false);
        return View(edited);
    }

    public async ValueTask DeleteAsync(Guid link, string actor, CancellationToken cancellationToken = default)
    {
        using var gate = await _gates.EnterAsync(site.Uuid, cancellationToken).ConfigureAwait(false);
        var row = await GetAsync(link, cancellationToken).ConfigureAwait(false);
        var peer = OtherSide(row);
        if (await FindUserAsync(peer, cancellationToken).ConfigureAwait(false) is { } plan)
        {
            throw new DisasterToleranceException(
                ErrorCode.Conflict, $"The link to site '{site.NameOf(peer)}' is used by plan '{plan.Name}' ({plan.Uuid}): delete the plans between the two sites first.");
        }

        var modified = LinkRules.NextModified(row, site.Now);
        await PutAsync(row with { Deleted = modified, Modified = modified }, audit.Entry(actor, "link.delete", link.ToString(), $"to site '{site.NameOf(peer)}'"), cancellationToken)
            .ConfigureAwait(false);
    }

    public async ValueTask<bool> CheckAsync(Guid link, Guid from, IReadOnlyList<string> hosts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(hosts);
        return await checking.CheckAsync(await GetAsync(link, cancellationToken).ConfigureAwait(false), from, hosts, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<LinkView>> ListAsync(CancellationToken cancellationToken = default)
    {
        var links = await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false);
        return [.. links.Where(link => link.Deleted is null).Select(View)];
    }

    /// <summary>Takes a link as a peer has it. The caller has judged it by <see cref="FactsRules"/>.</summary>
    public async ValueTask MirrorAsync(Guid peer, LinkRow theirs, CancellationToken cancellationToken)
    {
        using var gate = await _gates.EnterAsync(site.Uuid, cancellationToken).ConfigureAwait(false);
        var links = await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false);
        var own = links.FirstOrDefault(link => link.Uuid == theirs.Uuid);
        if (own is not null && (!LinkRules.Joins(own, site.Uuid, peer) || !LinkRules.Replaces(theirs, own)))
        {
            return;
        }

        var next = theirs with { RowVersion = own?.RowVersion ?? 0, Created = own?.Created ?? theirs.Created };
        var detail = Shown(theirs);
        if (theirs.Deleted is not null && own is { Deleted: null } && await FindUserAsync(peer, cancellationToken).ConfigureAwait(false) is { } plan)
        {
            // A plan was made here while the link was deleted there: the link stays, and the peer hears of it.
            next = own with { Modified = LinkRules.NextModified(theirs, site.Now) };
            detail = $"kept although it was deleted there: plan '{plan.Name}' uses it";
        }

        var entry = audit.Entry($"site@{site.NameOf(peer)}", next.Deleted is null ? "link.edit" : "link.delete", theirs.Uuid.ToString(), detail);
        await PutAsync(next, entry, cancellationToken, tell: next.Modified != theirs.Modified).ConfigureAwait(false);
        await EndTwinsAsync(peer, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask EndTwinsAsync(Guid peer, CancellationToken cancellationToken)
    {
        var links = await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false);
        var holding = LinkRules.Holding(links, site.Uuid, peer);
        foreach (var twin in links.Where(link => link.Deleted is null && link.Uuid != holding?.Uuid && LinkRules.Joins(link, site.Uuid, peer)))
        {
            var modified = LinkRules.NextModified(twin, site.Now);
            var entry = audit.Entry($"site@{site.Name}", "link.delete", twin.Uuid.ToString(), $"both sites had made a link; the older one, {holding!.Uuid}, holds");
            await PutAsync(twin with { Deleted = modified, Modified = modified }, entry, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask PutAsync(LinkRow row, CatalogChange entry, CancellationToken cancellationToken, bool tell = true)
    {
        await site.Catalog.CommitAsync(new CatalogBatch().Add(new CatalogChange.PutLink(row)).Add(entry), cancellationToken).ConfigureAwait(false);
        await ApplyLimitsAsync(CancellationToken.None).ConfigureAwait(false);
        if (tell)
        {
            facts.LinkChanged(row.Uuid);
        }
    }

    private async ValueTask ApplyLimitsAsync(CancellationToken cancellationToken)
    {
        if (!site.IsReady)
        {
            return;
        }

        var links = await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false);
        foreach (var peer in site.Links.Peers)
        {
            peer.SetLimit(LinkRules.Holding(links, site.Uuid, peer.Peer)?.LimitBytesPerSecond ?? -1);
        }
    }

    private Guid DemandValid(LinkSpecification specification)
    {
        List<string> errors = [.. LinkRules.Check(specification.LimitBytesPerSecond, specification.SideAName, specification.SideBName, specification.Relation)];
        if (specification.SideA == specification.SideB)
        {
            errors.Add($"Both sides of the link are site {specification.SideA}: name two different sites.");
        }
        else if (specification.SideA != site.Uuid && specification.SideB != site.Uuid)
        {
            errors.Add($"Neither side of the link is site '{site.Name}' ({site.Uuid}): add the link at one of its own two sites.");
        }

        if (errors.Count > 0)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, string.Join(' ', errors));
        }

        var peer = specification.SideA == site.Uuid ? specification.SideB : specification.SideA;
        return site.Peers.ContainsKey(peer)
            ? peer
            : throw new DisasterToleranceException(ErrorCode.NotFound, $"Site {peer} is not configured as a peer of site '{site.Name}': configure it with its address and public key first, or correct the uuid.");
    }

    private async ValueTask<LinkRow> GetAsync(Guid link, CancellationToken cancellationToken) =>
        (await site.Catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(row => row.Uuid == link && row.Deleted is null)
        ?? throw new DisasterToleranceException(ErrorCode.NotFound, $"Site '{site.Name}' has no link {link}. Check the uuid with the link list.");

    private async ValueTask<PlanRow?> FindUserAsync(Guid peer, CancellationToken cancellationToken) =>
        (await site.Catalog.QueryPlansAsync(new PlanQuery { AnySite = peer, Take = 1 }, cancellationToken).ConfigureAwait(false)).Items is [var plan, ..] ? plan : null;

    private Guid OtherSide(LinkRow link) => link.SideA == site.Uuid ? link.SideB : link.SideA;

    private LinkView View(LinkRow link)
    {
        var peer = OtherSide(link);
        return site.IsReady && site.Links.Find(peer)?.State is { } state
            ? new LinkView(link, state.IsUp, state.Since, state.Reason, state.ClockSkew, state.BytesSent, state.BytesReceived)
            : new LinkView(link, false, link.Created, $"Site '{site.NameOf(peer)}' is not configured as a peer, or site '{site.Name}' has not started.", null, 0, 0);
    }

    private void OnStateChanged(IPeerLink link, PeerState state)
    {
        lock (_eventGate)
        {
            // A first state of "down" is no news: the link was never up.
            if (_wasUp.GetValueOrDefault(link.Peer) == state.IsUp)
            {
                return;
            }

            _wasUp[link.Peer] = state.IsUp;
        }

        site.Events.Publish(
            state.IsUp ? SiteEventKind.LinkUp : SiteEventKind.LinkDown,
            state.IsUp ? $"The link to site '{link.PeerName}' is up." : $"The link to site '{link.PeerName}' is down: {state.Reason}");
    }

    private static string Shown(LinkRow link) => link.LimitBytesPerSecond == -1 ? "no limit" : $"{link.LimitBytesPerSecond} bytes per second";
}
