using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>The audit log and its chain.</summary>
internal static class CatalogAuditCases
{
    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("AppendAudit_AcrossLives_IsOneChain", "Appends an audit entry; sequence and hash are the catalog's to give (by AuditChain).", Chain),
        new("AppendAudit_RefusedBatch_LeavesNoGap", "Sequence 1, 2, 3, …; given by the catalog.", Opened(NoGap)),
        new("ReadAudit_AfterAndLimit_PageThrough", "Only entries with a greater sequence; at most so many.", Opened(Pages)),
    ];

    private static async Task Chain(CatalogFixture fixture, CancellationToken cancellationToken)
    {
        for (var life = 0; life < 3; life++)
        {
            await fixture.UseAsync(
                (catalog, token) => catalog.CommitAsync(token, Append(10 * life), Append((10 * life) + 1)), cancellationToken).ConfigureAwait(false);
        }

        await fixture.UseAsync(
            async (catalog, token) =>
            {
                var entries = await catalog.ReadAuditAsync(0, 100, token).ConfigureAwait(false);
                AuditEntry[] expected = [.. ((int[])[0, 1, 10, 11, 20, 21]).Select((number, index) => CatalogSamples.Audit(number) with { Sequence = index + 1 })];
                Expect.Equal(expected.Length, entries.Count, "The number of entries");
                foreach (var (made, found) in expected.Zip(entries))
                {
                    RowText.Same(made with { Hash = found.Hash }, found, "An entry");
                }

                Expect.Equal(null, AuditChain.FindBreak(entries, 0, AuditChain.Origin), "The break of the chain");
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task NoGap(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(cancellationToken, Append(1)).ConfigureAwait(false);
        await catalog.RefusedAsync(cancellationToken, Append(2), Put(CatalogSamples.Plan(1) with { RowVersion = 5 })).ConfigureAwait(false);
        await catalog.CommitAsync(cancellationToken, new CatalogChange.AppendAudit(CatalogSamples.Audit(3) with { Sequence = 77, Hash = "mine" })).ConfigureAwait(false);
        var entries = await catalog.ReadAuditAsync(0, 100, cancellationToken).ConfigureAwait(false);
        Expect.Equal("1, 2", string.Join(", ", entries.Select(entry => entry.Sequence)), "The sequences");
        Expect.Equal(null, AuditChain.FindBreak(entries, 0, AuditChain.Origin), "The break of the chain");
    }

    private static async Task Pages(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(cancellationToken, Enumerable.Range(0, 7).Select(Append)).ConfigureAwait(false);
        (long After, int Limit, string Sequences)[] pages = [(0, 3, "1, 2, 3"), (3, 3, "4, 5, 6"), (6, 3, "7"), (7, 3, ""), (2, 0, ""), (-5, int.MaxValue, "1, 2, 3, 4, 5, 6, 7")];
        foreach (var (after, limit, sequences) in pages)
        {
            var entries = await catalog.ReadAuditAsync(after, limit, cancellationToken).ConfigureAwait(false);
            Expect.Equal(sequences, string.Join(", ", entries.Select(entry => entry.Sequence)), $"The page after {after} with at most {limit}");
        }

        await Expect.RefusedAsync(() => catalog.ReadAuditAsync(0, -1, cancellationToken).AsTask(), "A negative limit").ConfigureAwait(false);
    }

    private static CatalogChange Append(int number) => new CatalogChange.AppendAudit(CatalogSamples.Audit(number));
}
