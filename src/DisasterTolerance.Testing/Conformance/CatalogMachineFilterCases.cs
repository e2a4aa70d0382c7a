using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Listing machines, also by what their plans say.</summary>
internal static class CatalogMachineFilterCases
{
    private static readonly Guid _east = CatalogSamples.Id(501);
    private static readonly Guid _west = CatalogSamples.Id(502);

    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("QueryMachines_Pages_AreInOrder", "Newest Created first, then by uuid.", Opened(Order)),
        new("QueryMachines_Filters_AreAnded", "Members that are null or empty do not filter.", Opened(Filters)),
        new("QueryMachines_AnySite_MasterOrSlave", "Only machines of plans that have this site as master or slave.", Opened(AnySite)),
        new("QueryMachines_Uuids_AnyOfThree", "Only machines with one of these uuids as object, master-side or slave-side uuid.", Opened(Uuids)),
        new("QueryMachines_Fuzzy_LooksAtBothNames", "Only machines whose name, or whose plan's name, contains this text, letters of either case.", Opened(Fuzzy)),
        new("QueryMachines_PlanEdited_FollowsIt", "Only machines of plans with this master site, slave site, of these types.", Opened(PlanEdited)),
        new("QueryMachines_PlanDeletedOrUnknown_IsHidden", "Whether machines that were removed, or whose plan was deleted or is unknown, are listed too.", Opened(Hidden)),
    ];

    private static Task<long> ArrangeAsync(ICatalog catalog, CancellationToken cancellationToken) => catalog.CommitAsync(
        cancellationToken,
        Put(CatalogSamples.Plan(501) with { Name = "Ost-Plan" }),
        Put(CatalogSamples.Plan(502) with { Name = "West 100%", Master = CatalogSamples.SiteB, Slave = CatalogSamples.SiteC, Type = "vsphere" }),
        Put(CatalogSamples.Machine(1, _east) with { Name = "Ändern" }),
        Put(CatalogSamples.Machine(2, _west) with { Name = "web_1" }),
        Put(CatalogSamples.Machine(3, _east) with { Name = "db%" }),
        Put(CatalogSamples.Machine(4, _west) with { Name = "", Removed = CatalogSamples.Time(1) }));

    private static async Task Order(ICatalog catalog, CancellationToken cancellationToken)
    {
        int[] numbers = [.. Enumerable.Range(1, 9)];
        await catalog.CommitAsync(
            cancellationToken,
            [Put(CatalogSamples.Plan(501)), .. numbers.Select(number => Put(CatalogSamples.Machine(number, _east) with { Created = CatalogSamples.Time(number / 3) }))]).ConfigureAwait(false);
        int[] order = [.. numbers.OrderByDescending(number => number / 3).ThenBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal)];
        MachineQuery[] queries = [new(), new() { Plan = _east }, new() { Master = CatalogSamples.SiteA }, new() { Slave = CatalogSamples.SiteB }, new() { AnySite = CatalogSamples.SiteB }, new() { Uuids = [.. numbers.Select(CatalogSamples.Id)] }];
        foreach (var query in queries)
        {
            await catalog.SeesAsync(query, order, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Take = 4 }, order[..4], 9, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Skip = 4, Take = 4 }, order[4..8], 9, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Skip = 8, Take = 4 }, order[8..], 9, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Skip = 12, Take = 4 }, [], 9, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Take = 0 }, [], 9, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task Filters(ICatalog catalog, CancellationToken cancellationToken)
    {
        await ArrangeAsync(catalog, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery(), [3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { IncludeRemoved = true }, [4, 3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Plan = _west }, [2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Plan = _west, IncludeRemoved = true }, [4, 2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Master = CatalogSamples.SiteA }, [3, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Slave = CatalogSamples.SiteC }, [2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Master = CatalogSamples.SiteB, Slave = CatalogSamples.SiteB }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Types = ["hci", "none"] }, [3, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Plan = _east, Types = ["vsphere"] }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(
            new MachineQuery
            {
                Plan = _east,
                Master = CatalogSamples.SiteA,
                Slave = CatalogSamples.SiteB,
                AnySite = CatalogSamples.SiteB,
                Types = ["hci"],
                Uuids = [CatalogSamples.Id(1), CatalogSamples.Id(2)],
                Fuzzy = "ost",
            },
            [1],
            cancellationToken).ConfigureAwait(false);
        await Expect.RefusedAsync(() => catalog.QueryMachinesAsync(new MachineQuery { Skip = -1 }, cancellationToken).AsTask(), "A negative number to skip").ConfigureAwait(false);
    }

    private static async Task AnySite(ICatalog catalog, CancellationToken cancellationToken)
    {
        await ArrangeAsync(catalog, cancellationToken).ConfigureAwait(false);
        await catalog.CommitAsync(cancellationToken, Put(CatalogSamples.Machine(5, CatalogSamples.Id(503)))).ConfigureAwait(false);
        (MachineQuery Query, int[] Numbers)[] searches =
        [
            (new() { AnySite = CatalogSamples.SiteA }, [3, 1]),
            (new() { AnySite = CatalogSamples.SiteB }, [3, 2, 1]),
            (new() { AnySite = CatalogSamples.SiteC }, [2]),
            (new() { AnySite = CatalogSamples.Id(1004) }, []),
            (new() { AnySite = CatalogSamples.SiteC, IncludeRemoved = true }, [4, 2]),
            (new() { AnySite = CatalogSamples.SiteB, Plan = _west }, [2]),
            (new() { AnySite = CatalogSamples.SiteB, Master = CatalogSamples.SiteA }, [3, 1]),
            (new() { AnySite = CatalogSamples.SiteB, Slave = CatalogSamples.SiteC }, [2]),
            (new() { AnySite = CatalogSamples.SiteA, Slave = CatalogSamples.SiteC }, []),
            (new() { AnySite = CatalogSamples.SiteB, Types = ["hci"], Fuzzy = "db" }, [3]),
            (new() { AnySite = CatalogSamples.SiteB, Uuids = [CatalogSamples.Id(1), CatalogSamples.Id(2)] }, [2, 1]),
        ];
        foreach (var (query, numbers) in searches)
        {
            await catalog.SeesAsync(query, numbers, cancellationToken).ConfigureAwait(false);
        }

        var plan = (await catalog.FindPlanAsync(_west, cancellationToken).ConfigureAwait(false))!;
        await catalog.CommitAsync(cancellationToken, Put(plan with { Slave = CatalogSamples.SiteA })).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { AnySite = CatalogSamples.SiteC }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { AnySite = CatalogSamples.SiteA }, [3, 2, 1], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Uuids(ICatalog catalog, CancellationToken cancellationToken)
    {
        await ArrangeAsync(catalog, cancellationToken).ConfigureAwait(false);
        var (first, second) = (CatalogSamples.Machine(1, _east), CatalogSamples.Machine(2, _west));
        await catalog.SeesAsync(new MachineQuery { Uuids = [first.MasterUuid, second.SlaveUuid, CatalogSamples.Id(3)] }, [3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Uuids = [first.MasterUuid, first.Uuid, first.SlaveUuid, first.Uuid] }, [1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Uuids = [CatalogSamples.Id(4), CatalogSamples.Id(999)] }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Uuids = [.. Enumerable.Range(1, 2000).Select(CatalogSamples.Id)], IncludeRemoved = true }, [4, 3, 2, 1], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Fuzzy(ICatalog catalog, CancellationToken cancellationToken)
    {
        await ArrangeAsync(catalog, cancellationToken).ConfigureAwait(false);
        (string Text, int[] Numbers)[] searches =
            [("äNDERN", [1]), ("OST", [3, 1]), ("west", [2]), ("%", [3, 2]), ("_", [2]), ("0%", [2]), ("web%", []), ("e", [2, 1])];
        foreach (var (text, numbers) in searches)
        {
            await catalog.SeesAsync(new MachineQuery { Fuzzy = text }, numbers, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task PlanEdited(ICatalog catalog, CancellationToken cancellationToken)
    {
        await ArrangeAsync(catalog, cancellationToken).ConfigureAwait(false);
        var plan = (await catalog.FindPlanAsync(_east, cancellationToken).ConfigureAwait(false))!;
        await catalog.CommitAsync(cancellationToken, Put(plan with { Name = "Renamed", Master = CatalogSamples.SiteC, Slave = CatalogSamples.SiteA, Type = "xen" })).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Fuzzy = "renamed" }, [3, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Fuzzy = "ost-plan" }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Master = CatalogSamples.SiteC }, [3, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Slave = CatalogSamples.SiteA, Types = ["xen"] }, [3, 1], cancellationToken).ConfigureAwait(false);

        var machine = (await catalog.FindMachineAsync(CatalogSamples.Id(1), cancellationToken).ConfigureAwait(false))!;
        await catalog.CommitAsync(cancellationToken, Put(machine with { Plan = _west, Name = "moved" })).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Plan = _west }, [2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Fuzzy = "renamed" }, [3], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Fuzzy = "MOVED", Master = CatalogSamples.SiteB }, [1], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Hidden(ICatalog catalog, CancellationToken cancellationToken)
    {
        await ArrangeAsync(catalog, cancellationToken).ConfigureAwait(false);
        var plan = (await catalog.FindPlanAsync(_east, cancellationToken).ConfigureAwait(false))!;
        await catalog.CommitAsync(cancellationToken, Put(plan with { Deleted = CatalogSamples.Time(9) }), Put(CatalogSamples.Machine(5, CatalogSamples.Id(503)))).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery(), [2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { IncludeRemoved = true }, [5, 4, 3, 2, 1], cancellationToken).ConfigureAwait(false);

        await catalog.CommitAsync(cancellationToken, Put(plan with { RowVersion = 2 }), Put(CatalogSamples.Plan(503)), new CatalogChange.DeletePlan(_west)).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery(), [5, 3, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Master = CatalogSamples.SiteB, IncludeRemoved = true }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Plan = _west, IncludeRemoved = true }, [4, 2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery { Fuzzy = "west", IncludeRemoved = true }, [], cancellationToken).ConfigureAwait(false);

        var machine = (await catalog.FindMachineAsync(CatalogSamples.Id(3), cancellationToken).ConfigureAwait(false))!;
        await catalog.CommitAsync(cancellationToken, Put(machine with { Removed = CatalogSamples.Time(9) })).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery(), [5, 1], cancellationToken).ConfigureAwait(false);
        await catalog.CommitAsync(cancellationToken, Put(machine with { RowVersion = 2 })).ConfigureAwait(false);
        await catalog.SeesAsync(new MachineQuery(), [5, 3, 1], cancellationToken).ConfigureAwait(false);
    }
}
