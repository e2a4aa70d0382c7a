using DisasterTolerance.Catalog;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Steps that many cases take.</summary>
internal static class CatalogSteps
{
    /// <summary>A case that uses one opened catalog.</summary>
    public static Func<CatalogFixture, CancellationToken, Task> Opened(Func<ICatalog, CancellationToken, Task> body) => (fixture, cancellationToken) => fixture.UseAsync(body, cancellationToken);

    /// <summary>Opens a catalog, uses it and disposes of it: one life of the process.</summary>
    public static async Task<CatalogState> UseAsync(this CatalogFixture fixture, Func<ICatalog, CancellationToken, Task> body, CancellationToken cancellationToken)
    {
        var catalog = fixture.Create();
        await using (catalog.ConfigureAwait(false))
        {
            var state = await catalog.OpenAsync(cancellationToken).ConfigureAwait(false);
            await body(catalog, cancellationToken).ConfigureAwait(false);
            return state;
        }
    }

    public static async Task<long> CommitAsync(this ICatalog catalog, CancellationToken cancellationToken, params IEnumerable<CatalogChange> changes)
    {
        var batch = new CatalogBatch();
        foreach (var change in changes)
        {
            batch.Add(change);
        }

        return await catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
    }

    public static Task RefusedAsync(this ICatalog catalog, CancellationToken cancellationToken, params CatalogChange[] changes) =>
        Expect.ErrorAsync(ErrorCode.CatalogConflict, () => catalog.CommitAsync(cancellationToken, changes), "The commit");

    public static CatalogChange Put(PlanRow row) => new CatalogChange.PutPlan(row);

    public static CatalogChange Put(MachineRow row) => new CatalogChange.PutMachine(row);

    public static CatalogChange Put(PointRow row) => new CatalogChange.PutPoint(row);

    public static CatalogChange Put(LinkRow row) => new CatalogChange.PutLink(row);

    public static CatalogChange Put(SessionRow row) => new CatalogChange.PutSession(row);

    public static CatalogChange Put(RunRow row) => new CatalogChange.PutRun(row);

    public static CatalogChange Set(string name, string? value) => new CatalogChange.PutSetting(name, value);

    /// <summary>Tries a query for plans: which numbers of <see cref="CatalogSamples.Id"/> it gives, in order, and how many it counts.</summary>
    public static Task SeesAsync(this ICatalog catalog, PlanQuery query, int[] numbers, CancellationToken cancellationToken) => catalog.SeesAsync(query, numbers, numbers.Length, cancellationToken);

    /// <summary>Tries a page of a query for plans.</summary>
    public static async Task SeesAsync(this ICatalog catalog, PlanQuery query, int[] numbers, long total, CancellationToken cancellationToken)
    {
        var page = await catalog.QueryPlansAsync(query, cancellationToken).ConfigureAwait(false);
        Same(query.ToString(), numbers, page.Items.Select(plan => plan.Uuid), total, page.TotalCount);
    }

    /// <summary>Tries a query for machines.</summary>
    public static Task SeesAsync(this ICatalog catalog, MachineQuery query, int[] numbers, CancellationToken cancellationToken) => catalog.SeesAsync(query, numbers, numbers.Length, cancellationToken);

    /// <summary>Tries a page of a query for machines.</summary>
    public static async Task SeesAsync(this ICatalog catalog, MachineQuery query, int[] numbers, long total, CancellationToken cancellationToken)
    {
        var page = await catalog.QueryMachinesAsync(query, cancellationToken).ConfigureAwait(false);
        Same(query.ToString(), numbers, page.Items.Select(machine => machine.Uuid), total, page.TotalCount);
    }

    /// <summary>Tries a query for points.</summary>
    public static Task SeesAsync(this ICatalog catalog, PointQuery query, int[] numbers, CancellationToken cancellationToken) => catalog.SeesAsync(query, numbers, numbers.Length, cancellationToken);

    /// <summary>Tries a page of a query for points.</summary>
    public static async Task SeesAsync(this ICatalog catalog, PointQuery query, int[] numbers, long total, CancellationToken cancellationToken)
    {
        var page = await catalog.QueryPointsAsync(query, cancellationToken).ConfigureAwait(false);
        Same(query.ToString(), numbers, page.Items.Select(point => point.Uuid), total, page.TotalCount);
    }

    public static void Same(string what, int[] numbers, IEnumerable<Guid> seen) => Expect.Equal(
        string.Join(", ", numbers.Select(CatalogSamples.Id)), string.Join(", ", seen), $"The answer to {what}");

    private static void Same(string what, int[] numbers, IEnumerable<Guid> seen, long expectedTotal, long total)
    {
        Same(what, numbers, seen);
        Expect.Equal(expectedTotal, total, $"The count of {what}");
    }
}
