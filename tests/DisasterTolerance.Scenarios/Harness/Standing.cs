using System.Text.Json;
using DisasterTolerance.Catalog;

namespace DisasterTolerance.Scenarios.Harness;

/// <summary>
/// Everything that a world's sites hold at one instant: rows of the catalogs, blobs of the stores, machines of the hypervisors. Shows that something that was refused changed nothing but the audit log.
/// </summary>
internal sealed class Standing
{
    private readonly TwoSites _world;
    private readonly List<string> _facts;
    private readonly List<long> _commits;

    private Standing(TwoSites world, List<string> facts, List<long> commits)
    {
        _world = world;
        _facts = facts;
        _commits = commits;
    }

    public static async Task<Standing> OfAsync(TwoSites world)
    {
        List<string> facts = [];
        List<long> commits = [];
        foreach (var site in world.Sites.Where(site => site.IsRunning))
        {
            await world.RunAsync(() => AddCatalogAsync(site, facts));
            facts.AddRange(site.Storage.Names.Select(name => $"{site.Name} blob {name}: {site.Storage.Peek(name).Length}"));
            await world.RunAsync(() => AddMachinesAsync(site, facts));
            var audit = await world.RunAsync(() => site.State.ReadAuditAsync(0, 10_000));
            commits.Add(site.CatalogFile.Sequence - audit.Count);
        }

        return new Standing(world, facts, commits);
    }

    /// <summary>Fails the test if anything is other than it was, audit entries aside, or if a point does not read back.</summary>
    /// <param name="hasData">Whether the catalogs' points have data; a test may have made them up.</param>
    public async Task AssertSameAsync(bool hasData = true)
    {
        var now = await OfAsync(_world);
        Assert.Equal(_facts, now._facts);
        Assert.Equal(_commits, now._commits);
        if (hasData)
        {
            await new Invariants(_world).CheckAsync();
        }
    }

    private static async Task AddCatalogAsync(SimSite site, List<string> facts)
    {
        var catalog = site.Context.Catalog;
        facts.AddRange(Told(site, await catalog.ListLinksAsync(CancellationToken.None)));
        facts.AddRange(Told(site, (await catalog.QueryPlansAsync(new PlanQuery { Take = int.MaxValue }, CancellationToken.None)).Items));
        facts.AddRange(Told(site, (await catalog.QueryMachinesAsync(new MachineQuery { IncludeRemoved = true, Take = int.MaxValue }, CancellationToken.None)).Items));
        facts.AddRange(Told(site, (await catalog.QueryPointsAsync(new PointQuery { IncludeRemoved = true, Take = int.MaxValue }, CancellationToken.None)).Items));
        facts.AddRange(Told(site, await catalog.ListSessionsAsync(CancellationToken.None)));
    }

    private static async Task AddMachinesAsync(SimSite site, List<string> facts)
    {
        await foreach (var machine in site.Machines.ListMachinesAsync(CancellationToken.None))
        {
            facts.AddRange(Told(site, [machine]));
            facts.AddRange(machine.Definition.Disks.Select(disk => $"{site.Name} {machine.Uuid} {disk.Id}: {site.Machines.HashDisk(machine.Uuid, disk.Id)}"));
            await foreach (var snapshot in site.Machines.ListSnapshotsAsync(machine.Uuid, CancellationToken.None))
            {
                facts.Add($"{site.Name} {machine.Uuid} snapshot {snapshot}");
            }
        }
    }

    private static IEnumerable<string> Told<T>(SimSite site, IEnumerable<T> rows) => rows.Select(row => $"{site.Name} {typeof(T).Name} {JsonSerializer.Serialize(row)}");
}
