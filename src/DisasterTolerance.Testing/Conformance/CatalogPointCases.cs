using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Finding and listing points.</summary>
internal static class CatalogPointCases
{
    private static readonly Guid _machine = CatalogSamples.Id(501);
    private static readonly Guid _other = CatalogSamples.Id(502);

    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("FindPoint_TwoSites_AreTwoRows", "The same point at the other site is a row of its own with the same uuid.", Opened(TwoSites)),
        new("QueryPoints_Ties_AreBroken", "Newest Began first, then greatest Sequence, then by uuid, then by site.", Opened(Order)),
        new("QueryPoints_Pages_CoverAllOnce", "How many to pass over; at most so many; how many match before paging.", Opened(Paging)),
        new("QueryPoints_Filters_AreAnded", "Members that are null do not filter.", Opened(Filters)),
        new("ReadPoints_ChangesMeanwhile_ListEveryStayingPointOnce", "Every point that is there from the begin of the listing to its end is listed exactly once.", Opened(Listing)),
        new("QueryPoints_Times_AreInclusive", "Only points committed at or after, at or before this time, in whole milliseconds.", Opened(Times)),
    ];

    private static async Task TwoSites(ICatalog catalog, CancellationToken cancellationToken)
    {
        var own = CatalogSamples.Point(1, _machine, CatalogSamples.SiteA);
        var peers = own with { Site = CatalogSamples.SiteB, ChangeTokens = new Dictionary<string, string>() };
        await catalog.CommitAsync(cancellationToken, Put(own), Put(peers), Put(peers with { RowVersion = 1, Pinned = false })).ConfigureAwait(false);
        RowText.Same(own with { RowVersion = 1 }, await catalog.FindPointAsync(own.Uuid, own.Site, cancellationToken).ConfigureAwait(false), "The point of the first site");
        RowText.Same(peers with { RowVersion = 2, Pinned = false }, await catalog.FindPointAsync(own.Uuid, peers.Site, cancellationToken).ConfigureAwait(false), "The point of the second site");
        await catalog.CommitAsync(cancellationToken, new CatalogChange.DeletePoint(own.Uuid, own.Site), new CatalogChange.DeletePoint(own.Uuid, CatalogSamples.SiteC)).ConfigureAwait(false);
        RowText.Same(null, await catalog.FindPointAsync(own.Uuid, own.Site, cancellationToken).ConfigureAwait(false), "The forgotten point");
        await catalog.SeesAsync(new PointQuery { Site = peers.Site }, [1], cancellationToken).ConfigureAwait(false);
    }

    private static async Task Order(ICatalog catalog, CancellationToken cancellationToken)
    {
        var began = CatalogSamples.Time(0);
        int[] same = [4, 5, 6];
        await catalog.CommitAsync(
            cancellationToken,
            [
                Put(CatalogSamples.Point(1, _machine, CatalogSamples.SiteA) with { Began = began.AddMinutes(-1), Sequence = 100 }),
                Put(CatalogSamples.Point(2, _machine, CatalogSamples.SiteA) with { Began = began.AddMinutes(1), Sequence = 1 }),
                Put(CatalogSamples.Point(3, _machine, CatalogSamples.SiteA) with { Began = began, Sequence = 9 }),
                .. same.Select(number => Put(CatalogSamples.Point(number, _machine, CatalogSamples.SiteA) with { Began = began, Sequence = 8 })),
                .. same.Select(number => Put(CatalogSamples.Point(number, _machine, CatalogSamples.SiteB) with { Began = began, Sequence = 8 })),
            ]).ConfigureAwait(false);
        int[] ordered = [2, 3, .. same.OrderBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal).SelectMany(number => new[] { number, number }), 1];
        await catalog.SeesAsync(new PointQuery(), ordered, cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Machine = _machine }, ordered, cancellationToken).ConfigureAwait(false);
        var page = await catalog.QueryPointsAsync(new PointQuery { Machine = _machine, Skip = 2, Take = 2 }, cancellationToken).ConfigureAwait(false);
        Expect.Equal(
            string.Join(", ", ((Guid[])[CatalogSamples.SiteA, CatalogSamples.SiteB]).OrderBy(site => site.ToString(), StringComparer.Ordinal)),
            string.Join(", ", page.Items.Select(point => point.Site)),
            "The order of the sites");
    }

    private static async Task Paging(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(cancellationToken, Enumerable.Range(1, 5).Select(number => Put(CatalogSamples.Point(number, _machine, CatalogSamples.SiteA) with { Name = "DT-1" }))).ConfigureAwait(false);
        PointQuery[] queries = [new(), new() { Machine = _machine }, new() { Site = CatalogSamples.SiteA }, new() { Name = "DT-1" }];
        foreach (var query in queries)
        {
            await catalog.SeesAsync(query with { Take = 2 }, [5, 4], 5, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Skip = 4, Take = 2 }, [1], 5, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Skip = 6, Take = 2 }, [], 5, cancellationToken).ConfigureAwait(false);
            await catalog.SeesAsync(query with { Take = 0 }, [], 5, cancellationToken).ConfigureAwait(false);
        }

        await Expect.RefusedAsync(() => catalog.QueryPointsAsync(new PointQuery { Take = -1 }, cancellationToken).AsTask(), "A negative number to take").ConfigureAwait(false);
    }

    private static async Task Filters(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(
            cancellationToken,
            Put(CatalogSamples.Point(1, _machine, CatalogSamples.SiteA)),
            Put(CatalogSamples.Point(2, _machine, CatalogSamples.SiteB) with { Name = "DT-5" }),
            Put(CatalogSamples.Point(3, _other, CatalogSamples.SiteA) with { Name = "DT-5" }),
            Put(CatalogSamples.Point(4, _machine, CatalogSamples.SiteA) with { Name = "DT-5", Removed = CatalogSamples.Time(9) })).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery(), [3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { IncludeRemoved = true }, [4, 3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Machine = _machine }, [2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Site = CatalogSamples.SiteA }, [3, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Name = "DT-5" }, [3, 2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Name = "dt-5" }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Name = "" }, [], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { ChangedAfter = 2, IncludeRemoved = true }, [4, 3], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Machine = _machine, ChangedAfter = 1 }, [2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(
            new PointQuery { Machine = _machine, Site = CatalogSamples.SiteA, Name = "DT-5", From = CatalogSamples.Time(0), Until = CatalogSamples.Time(100), ChangedAfter = 3, IncludeRemoved = true },
            [4],
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task Listing(ICatalog catalog, CancellationToken cancellationToken)
    {
        const int Count = 2500;
        int[] numbers = [.. Enumerable.Range(0, Count)];
        await catalog.CommitAsync(
            cancellationToken,
            [
                .. numbers.Select(number => Put(CatalogSamples.Point(number, _machine, CatalogSamples.SiteA))),
                Put(CatalogSamples.Point(1, _machine, CatalogSamples.SiteB)),
                Put(CatalogSamples.Point(Count, _machine, CatalogSamples.SiteA) with { Removed = CatalogSamples.Time(1) }),
            ]).ConfigureAwait(false);
        var seen = new List<Guid>();
        await foreach (var point in catalog.ReadPointsAsync(CatalogSamples.SiteA, cancellationToken).ConfigureAwait(false))
        {
            seen.Add(point.Uuid);
            if (seen.Count % 500 == 1)
            {
                // One that was listed goes, another one changes, a new one comes.
                await catalog.CommitAsync(
                    cancellationToken,
                    new CatalogChange.DeletePoint(seen[^1], CatalogSamples.SiteA),
                    Put(point with { Uuid = CatalogSamples.Id(10_000 + seen.Count), RowVersion = 0 }),
                    Put((await catalog.FindPointAsync(CatalogSamples.Id(Count), CatalogSamples.SiteA, cancellationToken).ConfigureAwait(false))!)).ConfigureAwait(false);
            }
        }

        var staying = numbers.Select(CatalogSamples.Id).ToHashSet();
        Expect.Equal(seen.Count, seen.Distinct().Count(), "The number of different points in the listing");
        Expect.Equal(Count, seen.Count(staying.Contains), "The number of listed points that were there all the time, or until they were listed");
        Expect.That(!seen.Contains(CatalogSamples.Id(Count)), "a removed point was listed.");
    }

    private static async Task Times(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(cancellationToken, Enumerable.Range(1, 5).Select(number => Put(CatalogSamples.Point(number, _machine, CatalogSamples.SiteA) with { Committed = CatalogSamples.Time(number) }))).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { From = CatalogSamples.Time(3) }, [5, 4, 3], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { Machine = _machine, Until = CatalogSamples.Time(3) }, [3, 2, 1], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { From = CatalogSamples.Time(2).AddTicks(1), Until = CatalogSamples.Time(4).AddTicks(-1) }, [4, 3, 2], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { From = CatalogSamples.Time(2).AddMilliseconds(1), Until = CatalogSamples.Time(4).AddMilliseconds(-1) }, [3], cancellationToken).ConfigureAwait(false);
        await catalog.SeesAsync(new PointQuery { From = DateTimeOffset.MaxValue, Until = DateTimeOffset.MinValue }, [], cancellationToken).ConfigureAwait(false);
    }
}
