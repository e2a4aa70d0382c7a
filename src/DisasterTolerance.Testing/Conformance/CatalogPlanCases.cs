using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Finding and listing plans.</summary>
internal static class CatalogPlanCases
{
    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("FindPlan_AnyPlan_IsFoundOrNull", "A plan, deleted ones included, or null.", Opened(Find)),
        new("DeletePlan_UnknownPlan_IsNoError", "None of that uuid: no error.", Opened(DeleteUnknown)),
        new("QueryPlans_EqualTimes_OrderByUuid", "Newest Created first, then by uuid; times in whole milliseconds.", Opened(Order)),
        new("QueryPlans_Pages_CoverAllOnce", "How many to pass over; at most so many; 0 for only the count; how many match before paging.", Opened(Paging)),
        new("QueryPlans_Filters_AreAnded", "Members that are null or empty do not filter.", Opened(Filters)),
        new("QueryPlans_Fuzzy_IsPlainTextInEitherCase", "Only plans whose name contains this text, letters of either case.", Opened(Fuzzy)),
    ];

    private static async Task Find(ICatalog catalog, CancellationToken cancellationToken)
    {
        var plan = CatalogSamples.Plan(1) with { Deleted = CatalogSamples.Time(9) };
        await catalog.CommitAsync(cancellationToken, Put(plan)).ConfigureAwait(false);
        RowText.Same(plan with { RowVersion = 1 }, await catalog.FindPlanAsync(plan.Uuid, cancellationToken).ConfigureAwait(false), "The deleted plan");
        RowText.Same(null, await catalog.FindPlanAsync(CatalogSamples.Id(2), cancellationToken).ConfigureAwait(false), "The unknown plan");
        await catalog.CommitAsync(cancellationToken, new CatalogChange.DeletePlan(plan.Uuid)).ConfigureAwait(false);
        RowText.Same(null, await catalog.FindPlanAsync(plan.Uuid, cancellationToken).ConfigureAwait(false), "The forgotten plan");
    }

    private static async Task DeleteUnknown(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(cancellationToken, new CatalogChange.DeletePlan(CatalogSamples.Id(1)), Put(CatalogSamples.Plan(2))).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery(), [2], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Order(ICatalog catalog, CancellationToken cancellationToken)
    {
        var second = new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero);
        int[] sameTime = [2, 3, 4, 5, 6, 7, 8];
        await catalog.CommitAsync(
            cancellationToken,
            [
                Put(CatalogSamples.Plan(1) with { Created = second.AddMilliseconds(-1) }),
                .. sameTime.Select(number => Put(CatalogSamples.Plan(number) with { Created = second.AddTicks(number).ToOffset(TimeSpan.FromHours(number)) })),
                Put(CatalogSamples.Plan(9) with { Created = second.AddMilliseconds(1) }),
            ]).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery(), [9, .. sameTime.OrderBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal), 1], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Paging(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(cancellationToken, Enumerable.Range(1, 5).Select(number => Put(CatalogSamples.Plan(number)))).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Take = 2 }, [5, 4], 5, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Skip = 2, Take = 2 }, [3, 2], 5, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Skip = 4, Take = 2 }, [1], 5, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Skip = 5, Take = 2 }, [], 5, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Skip = int.MaxValue, Take = int.MaxValue }, [], 5, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Take = 0 }, [], 5, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Take = 5 }, [5, 4, 3, 2, 1], cancellationToken).ConfigureAwait(false);
        await Expect.RefusedAsync(() => catalog.QueryPlansAsync(new PlanQuery { Skip = -1 }, cancellationToken).AsTask(), "A negative number to skip").ConfigureAwait(false);
        await Expect.RefusedAsync(() => catalog.QueryPlansAsync(new PlanQuery { Take = -1 }, cancellationToken).AsTask(), "A negative number to take").ConfigureAwait(false);
    }

    private static async Task Filters(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(
            cancellationToken,
            Put(CatalogSamples.Plan(1)),
            Put(CatalogSamples.Plan(2) with { Master = CatalogSamples.SiteB, Slave = CatalogSamples.SiteA, Type = "vsphere" }),
            Put(CatalogSamples.Plan(3) with { Slave = CatalogSamples.SiteC, Type = "vsphere" }),
            Put(CatalogSamples.Plan(4) with { Deleted = CatalogSamples.Time(4) })).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery(), [3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { IncludeDeleted = true }, [4, 3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Master = CatalogSamples.SiteA }, [3, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { AnySite = CatalogSamples.SiteB }, [2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Types = ["vsphere"] }, [3, 2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Types = ["vsphere", "hci", "hci", "VSPHERE"] }, [3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery { Types = ["VSPHERE", ""] }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(
            new PlanQuery { Master = CatalogSamples.SiteA, AnySite = CatalogSamples.SiteB, Types = ["hci"], Fuzzy = "plan", IncludeDeleted = true },
            [4, 1],
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task Fuzzy(ICatalog catalog, CancellationToken cancellationToken)
    {
        string[] names = ["Ärger 100%", "snake_case", "ПЛАН б", "back\\slash 'quoted'"];
        await catalog.CommitAsync(cancellationToken, names.Select((name, index) => Put(CatalogSamples.Plan(index + 1) with { Name = name }))).ConfigureAwait(false);
        (string Text, int[] Numbers)[] searches =
            [("äRGER", [1]), ("100%", [1]), ("%", [1]), ("_", [2]), ("SNAKE", [2]), ("план Б", [3]), ("\\", [4]), ("'quoted'", [4]), ("k", [4, 2]), ("a%e", []), ("[a-z]", []), ("*", [])];
        foreach (var (text, numbers) in searches)
        {
            await catalog.SeesAsync(new PlanQuery { Fuzzy = text }, numbers, cancellationToken).ConfigureAwait(false);
        }
    }
}
