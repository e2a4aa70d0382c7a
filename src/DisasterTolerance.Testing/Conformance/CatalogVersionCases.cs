using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>The rule of row versions, for each kind of row that has one.</summary>
internal static class CatalogVersionCases
{
    private static readonly Guid _machine = CatalogSamples.Id(900);

    private static readonly Kind[] _kinds =
    [
        new("Plan", version => Put(CatalogSamples.Plan(1) with { RowVersion = version }), async (catalog, token) => (await catalog.FindPlanAsync(CatalogSamples.Id(1), token).ConfigureAwait(false))?.RowVersion),
        new("Machine", version => Put(CatalogSamples.Machine(1, CatalogSamples.Id(2)) with { RowVersion = version }), async (catalog, token) => (await catalog.FindMachineAsync(CatalogSamples.Id(1), token).ConfigureAwait(false))?.RowVersion),
        new("MovedMachine", version => Put(CatalogSamples.Machine(1, CatalogSamples.Id(2 + (int)version)) with { RowVersion = version }), async (catalog, token) => (await catalog.FindMachineAsync(CatalogSamples.Id(1), token).ConfigureAwait(false))?.RowVersion),
        new("Point", version => Put(CatalogSamples.Point(1, _machine, CatalogSamples.SiteA) with { RowVersion = version }), async (catalog, token) => (await catalog.FindPointAsync(CatalogSamples.Id(1), CatalogSamples.SiteA, token).ConfigureAwait(false))?.RowVersion),
        new("Link", version => Put(CatalogSamples.Link(1) with { RowVersion = version }), async (catalog, token) => (await catalog.ListLinksAsync(token).ConfigureAwait(false)).SingleOrDefault()?.RowVersion),
        new("Session", version => Put(CatalogSamples.Session(1) with { RowVersion = version }), async (catalog, token) => (await catalog.FindSessionAsync(CatalogSamples.Id(1), token).ConfigureAwait(false))?.RowVersion),
    ];

    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } = _kinds.SelectMany(Cases).ToArray();

    private static IEnumerable<ConformanceCase<CatalogFixture>> Cases(Kind kind) =>
    [
        new($"Commit_{kind.Name}InStoredVersion_GetsTheNext", "Demands that the stored row still has that version and stores the row with the version plus one.", Opened(kind.Next)),
        new($"Commit_{kind.Name}InOtherVersion_IsRefused", "Demands that the stored row still has that version (0: that there is none).", Opened(kind.Stale)),
        new($"Commit_{kind.Name}TwiceInABatch_GetsTwoVersions", "The changes, applied in their order.", Opened(kind.Twice)),
    ];

    private sealed record Kind(string Name, Func<long, CatalogChange> Put, Func<ICatalog, CancellationToken, Task<long?>> FindVersion)
    {
        public async Task Next(ICatalog catalog, CancellationToken cancellationToken)
        {
            for (var version = 0L; version < 4; version++)
            {
                await catalog.CommitAsync(cancellationToken, Put(version)).ConfigureAwait(false);
                Expect.Equal(version + 1, await FindVersion(catalog, cancellationToken).ConfigureAwait(false), "The stored version");
            }
        }

        public async Task Stale(ICatalog catalog, CancellationToken cancellationToken)
        {
            await catalog.RefusedAsync(cancellationToken, Put(1)).ConfigureAwait(false);
            Expect.Equal(null, await FindVersion(catalog, cancellationToken).ConfigureAwait(false), "The version of the refused row");
            await catalog.CommitAsync(cancellationToken, Put(0)).ConfigureAwait(false);
            await catalog.CommitAsync(cancellationToken, Put(1)).ConfigureAwait(false);
            foreach (var version in (long[])[-1, 0, 1, 3])
            {
                await catalog.RefusedAsync(cancellationToken, Put(version)).ConfigureAwait(false);
            }

            Expect.Equal(2, await FindVersion(catalog, cancellationToken).ConfigureAwait(false), "The stored version");
        }

        public async Task Twice(ICatalog catalog, CancellationToken cancellationToken)
        {
            await catalog.CommitAsync(cancellationToken, Put(0), Put(1)).ConfigureAwait(false);
            await catalog.RefusedAsync(cancellationToken, Put(2), Put(2)).ConfigureAwait(false);
            Expect.Equal(2, await FindVersion(catalog, cancellationToken).ConfigureAwait(false), "The stored version");
        }
    }
}
