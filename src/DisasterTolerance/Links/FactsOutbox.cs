using DisasterTolerance.Sites;

namespace DisasterTolerance.Links;

/// <summary>Remembers what changed until each peer was told. What is changed twice is told once; nothing is dropped while a peer is away. Thread-safe.</summary>
internal sealed class FactsOutbox : IFactsPublisher
{
    private readonly IReadOnlyDictionary<Guid, FactsBox> _boxes;

    public FactsOutbox(SiteContext site) => _boxes = site.Peers.Keys.ToDictionary(peer => peer, _ => new FactsBox());

    /// <summary>What one peer has to be told. A box may hold what does not concern the peer: whoever tells it looks.</summary>
    public FactsBox Of(Guid peer) => _boxes[peer];

    public void MachineChanged(Guid machine) => Put(new FactsNews([], [], [machine]));

    public void PlanChanged(Guid plan) => Put(new FactsNews([], [plan], []));

    public void LinkChanged(Guid link) => Put(new FactsNews([link], [], []));

    private void Put(FactsNews news)
    {
        foreach (var box in _boxes.Values)
        {
            box.Put(news);
        }
    }
}

/// <summary>Uuids of what changed. Immutable.</summary>
internal sealed record FactsNews(IReadOnlyList<Guid> Links, IReadOnlyList<Guid> Plans, IReadOnlyList<Guid> Machines)
{
    public bool IsEmpty => Links.Count + Plans.Count + Machines.Count == 0;
}

/// <summary>What one peer has to be told. Thread-safe; one taker.</summary>
internal sealed class FactsBox
{
    private readonly Lock _gate = new();
    private readonly HashSet<Guid> _links = [];
    private readonly HashSet<Guid> _plans = [];
    private readonly HashSet<Guid> _machines = [];

    /// <summary>Set when something is put in.</summary>
    public Signal Filled { get; } = new();

    public void Put(FactsNews news)
    {
        lock (_gate)
        {
            _links.UnionWith(news.Links);
            _plans.UnionWith(news.Plans);
            _machines.UnionWith(news.Machines);
        }

        Filled.Set();
    }

    /// <summary>Takes plans before links and machines, so that the peer knows first what these belong to.</summary>
    public FactsNews Take(int most)
    {
        lock (_gate)
        {
            var plans = Take(_plans, most);
            var links = Take(_links, most - plans.Count);
            return new FactsNews(links, plans, Take(_machines, most - links.Count - plans.Count));
        }
    }

    private static List<Guid> Take(HashSet<Guid> from, int most)
    {
        var taken = from.Take(most).ToList();
        from.ExceptWith(taken);
        return taken;
    }
}
