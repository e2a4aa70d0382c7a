using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>What a page of a list needs besides its rows, read at once for all of them.</summary>
internal static class CatalogFollowUpCases
{
    private static readonly Guid _east = CatalogSamples.Id(501);
    private static readonly Guid _west = CatalogSamples.Id(502);
    private static readonly Guid _gone = CatalogSamples.Id(503);
    private static readonly Guid _unknown = CatalogSamples.Id(504);

    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("FindPlansWithMachines_SeveralPlans_PlanByPlan", "In the order of the list, each plan once; within a plan newest Created first, then by uuid.", Opened(MachinesInOrder)),
        new("FindPlansWithMachines_DeletedOrUnknown_HaveNoMachines", "A plan that was deleted has no machines, an unknown one is left out, and so are machines that were removed.", Opened(HiddenMachines)),
        new("FindNewestPoints_SeveralMachines_OneOfEach", "In the order of the list, each machine once. A machine without a point there is left out.", Opened(PointsInOrder)),
        new("FindNewestPoints_EqualTimes_FollowTheOrderOfPoints", "The newest point by the order of QueryPoints and without removed ones.", Opened(NewestByOrder)),
    ];

    private static async Task MachinesInOrder(ICatalog catalog, CancellationToken cancellationToken)
    {
        int[] same = [4, 5, 6, 7];
        await catalog.CommitAsync(
            cancellationToken,
            [
                Put(CatalogSamples.Plan(501)),
                Put(CatalogSamples.Plan(502)),
                Put(CatalogSamples.Machine(1, _east)),
                Put(CatalogSamples.Machine(2, _west)),
                Put(CatalogSamples.Machine(3, _east)),
                .. same.Select(number => Put(CatalogSamples.Machine(number, _west) with { Created = CatalogSamples.Time(1).AddTicks(number) })),
            ]).ConfigureAwait(false);
        int[] west = [2, .. same.OrderBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal)];
        await SeesMachinesAsync(catalog, [_west, _east], [.. west, 3, 1], cancellationToken).ConfigureAwait(false);
        await SeesMachinesAsync(catalog, [_east, _unknown, _west, _east], [3, 1, .. west], cancellationToken).ConfigureAwait(false);
        await SeesMachinesAsync(catalog, [_unknown], [], cancellationToken).ConfigureAwait(false);
        await SeesMachinesAsync(catalog, [], [], cancellationToken).ConfigureAwait(false);

        var found = (await catalog.FindPlansWithMachinesAsync([_east], cancellationToken).ConfigureAwait(false))[0];
        RowText.Same(CatalogSamples.Plan(501) with { RowVersion = 1 }, found.Plan, "The plan");
        RowText.Same(CatalogSamples.Machine(3, _east) with { RowVersion = 1 }, found.Machines[0], "The machine");
    }

    private static async Task HiddenMachines(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(
            cancellationToken,
            Put(CatalogSamples.Plan(501)),
            Put(CatalogSamples.Plan(503) with { Deleted = CatalogSamples.Time(9) }),
            Put(CatalogSamples.Machine(1, _east)),
            Put(CatalogSamples.Machine(2, _east) with { Removed = CatalogSamples.Time(9) }),
            Put(CatalogSamples.Machine(3, _gone)),
            Put(CatalogSamples.Machine(4, _unknown))).ConfigureAwait(false);
        await SeesMachinesAsync(catalog, [_gone, _unknown, _east], [1], cancellationToken).ConfigureAwait(false);
        var plans = await catalog.FindPlansWithMachinesAsync([_gone, _unknown, _east], cancellationToken).ConfigureAwait(false);
        Same("the plans themselves", [503, 501], plans.Select(plan => plan.Plan.Uuid));
    }

    private static async Task PointsInOrder(ICatalog catalog, CancellationToken cancellationToken)
    {
        var (first, second, third, none) = (CatalogSamples.Id(1), CatalogSamples.Id(2), CatalogSamples.Id(3), CatalogSamples.Id(4));
        await catalog.CommitAsync(
            cancellationToken,
            Put(CatalogSamples.Point(11, first, CatalogSamples.SiteA)),
            Put(CatalogSamples.Point(12, first, CatalogSamples.SiteA)),
            Put(CatalogSamples.Point(13, first, CatalogSamples.SiteB)),
            Put(CatalogSamples.Point(14, second, CatalogSamples.SiteA)),
            Put(CatalogSamples.Point(15, second, CatalogSamples.SiteA) with { Removed = CatalogSamples.Time(9) }),
            Put(CatalogSamples.Point(16, third, CatalogSamples.SiteB)),
            Put(CatalogSamples.Point(17, third, CatalogSamples.SiteA) with { Removed = CatalogSamples.Time(9) })).ConfigureAwait(false);
        await SeesPointsAsync(catalog, CatalogSamples.SiteA, [second, first, none, third, second], [14, 12], cancellationToken).ConfigureAwait(false);
        await SeesPointsAsync(catalog, CatalogSamples.SiteB, [first, second, third], [13, 16], cancellationToken).ConfigureAwait(false);
        await SeesPointsAsync(catalog, CatalogSamples.SiteC, [first, second, third], [], cancellationToken).ConfigureAwait(false);
        await SeesPointsAsync(catalog, CatalogSamples.SiteA, [], [], cancellationToken).ConfigureAwait(false);

        var found = (await catalog.FindNewestPointsAsync(CatalogSamples.SiteB, [first], cancellationToken).ConfigureAwait(false))[0];
        RowText.Same(CatalogSamples.Point(13, first, CatalogSamples.SiteB) with { RowVersion = 1 }, found, "The point");
    }

    private static async Task NewestByOrder(ICatalog catalog, CancellationToken cancellationToken)
    {
        var (bySequence, byUuid) = (CatalogSamples.Id(1), CatalogSamples.Id(2));
        var began = CatalogSamples.Time(0);
        int[] same = [21, 22, 23];
        await catalog.CommitAsync(
            cancellationToken,
            [
                Put(CatalogSamples.Point(11, bySequence, CatalogSamples.SiteA) with { Began = began, Sequence = 8 }),
                Put(CatalogSamples.Point(12, bySequence, CatalogSamples.SiteA) with { Began = began, Sequence = 9 }),
                Put(CatalogSamples.Point(13, bySequence, CatalogSamples.SiteA) with { Began = began.AddMinutes(-1), Sequence = 10 }),
                .. same.Select(number => Put(CatalogSamples.Point(number, byUuid, CatalogSamples.SiteA) with { Began = began.AddTicks(number), Sequence = 1 })),
            ]).ConfigureAwait(false);
        var least = same.MinBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal);
        await SeesPointsAsync(catalog, CatalogSamples.SiteA, [bySequence, byUuid], [12, least], cancellationToken).ConfigureAwait(false);
    }

    private static async Task SeesMachinesAsync(ICatalog catalog, Guid[] plans, int[] numbers, CancellationToken cancellationToken)
    {
        var found = await catalog.FindPlansWithMachinesAsync(plans, cancellationToken).ConfigureAwait(false);
        Same($"the question for {plans.Length} plans with their machines", numbers, found.SelectMany(plan => plan.Machines).Select(machine => machine.Uuid));
    }

    private static async Task SeesPointsAsync(ICatalog catalog, Guid site, Guid[] machines, int[] numbers, CancellationToken cancellationToken)
    {
        var found = await catalog.FindNewestPointsAsync(site, machines, cancellationToken).ConfigureAwait(false);
        Same($"the question for the newest points of {machines.Length} machines", numbers, found.Select(point => point.Uuid));
    }
}
