using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>What a commit is: all or nothing, in order, seen by every later read.</summary>
internal static class CatalogCommitCases
{
    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("Commit_EmptyBatch_ChangesNothing", "May be empty, which commits nothing. After an empty batch the number of the last commit.", Opened(Empty)),
        new("Commit_RefusedBatch_AppliesNothing", "If a row was changed since it was read, nothing was applied.", Opened(Refused)),
        new("Commit_Changes_ApplyInOrder", "The changes, applied in their order.", Opened(InOrder)),
        new("Commit_Cancelled_IsWholeOrNothing", "The batch is then applied whole or not at all.", Opened(Cancelled)),
        new("Commit_AtTheSameTime_AllApply", "All members are thread-safe; the sequence is greater than every one before.", Opened(Parallel)),
        new("Queries_DuringCommits_SeeWholeBatches", "A commit is atomic; reads see every commit that returned before.", Opened(WholeBatches)),
        new("Members_Cancelled_EndByCancellation", "Ends the call.", Opened(CancelReads)),
    ];

    private static async Task Empty(ICatalog catalog, CancellationToken cancellationToken)
    {
        Expect.Equal(0, await catalog.CommitAsync(cancellationToken).ConfigureAwait(false), "The sequence of an empty batch on a new catalog");
        var sequence = await catalog.CommitAsync(cancellationToken, Set("name", "1")).ConfigureAwait(false);
        Expect.Equal(sequence, await catalog.CommitAsync(cancellationToken).ConfigureAwait(false), "The sequence of an empty batch");
    }

    private static async Task Refused(ICatalog catalog, CancellationToken cancellationToken)
    {
        var plan = CatalogSamples.Plan(1);
        var machine = CatalogSamples.Machine(2, plan.Uuid);
        await catalog.CommitAsync(cancellationToken, Put(plan), Put(machine), Set("name", "old")).ConfigureAwait(false);
        await catalog.RefusedAsync(
            cancellationToken,
            Set("name", "new"),
            Put(plan with { RowVersion = 1, Name = "new" }),
            new CatalogChange.DeleteMachine(machine.Uuid),
            new CatalogChange.AppendAudit(CatalogSamples.Audit(1)),
            Put(CatalogSamples.Link(3)),
            Put(CatalogSamples.Plan(4) with { RowVersion = 9 })).ConfigureAwait(false);
        Expect.Equal("old", await catalog.FindSettingAsync("name", cancellationToken).ConfigureAwait(false), "The setting");
        RowText.Same(plan with { RowVersion = 1 }, await catalog.FindPlanAsync(plan.Uuid, cancellationToken).ConfigureAwait(false), "The plan");
        RowText.Same(machine with { RowVersion = 1 }, await catalog.FindMachineAsync(machine.Uuid, cancellationToken).ConfigureAwait(false), "The machine");
        await catalog.SeesAsync(new MachineQuery { Fuzzy = "new" }, [], cancellationToken).ConfigureAwait(false);
        Expect.Equal(0, (await catalog.ListLinksAsync(cancellationToken).ConfigureAwait(false)).Count, "The number of links");
        Expect.Equal(0, (await catalog.ReadAuditAsync(0, 10, cancellationToken).ConfigureAwait(false)).Count, "The number of audit entries");
    }

    private static async Task InOrder(ICatalog catalog, CancellationToken cancellationToken)
    {
        var plan = CatalogSamples.Plan(1);
        await catalog.CommitAsync(
            cancellationToken,
            Put(plan),
            Put(plan with { RowVersion = 1, Name = "second" }),
            new CatalogChange.DeletePlan(plan.Uuid),
            Put(plan with { Name = "third" }),
            Set("name", "1"),
            Set("name", null),
            Set("other", "1"),
            Set("other", "2")).ConfigureAwait(false);
        RowText.Same(plan with { Name = "third", RowVersion = 1 }, await catalog.FindPlanAsync(plan.Uuid, cancellationToken).ConfigureAwait(false), "The plan");
        Expect.Equal(null, await catalog.FindSettingAsync("name", cancellationToken).ConfigureAwait(false), "The forgotten setting");
        Expect.Equal("2", await catalog.FindSettingAsync("other", cancellationToken).ConfigureAwait(false), "The setting that was put twice");
    }

    private static async Task Cancelled(ICatalog catalog, CancellationToken cancellationToken)
    {
        await Expect.CancellableAsync(token => catalog.CommitAsync(token, Set("one", "1"), Set("two", "1")), "A commit").ConfigureAwait(false);
        var one = await catalog.FindSettingAsync("one", cancellationToken).ConfigureAwait(false);
        var two = await catalog.FindSettingAsync("two", cancellationToken).ConfigureAwait(false);
        Expect.Equal(one, two, "The second setting of the batch");
        await catalog.CommitAsync(cancellationToken, Set("one", "2")).ConfigureAwait(false);
        Expect.Equal("2", await catalog.FindSettingAsync("one", cancellationToken).ConfigureAwait(false), "The setting after the next commit");
    }

    private static async Task Parallel(ICatalog catalog, CancellationToken cancellationToken)
    {
        const int Count = 40;
        var sequences = await Task.WhenAll(Enumerable.Range(0, Count).Select(number => Task.Run(
            () => catalog.CommitAsync(cancellationToken, Put(CatalogSamples.Plan(number)), new CatalogChange.AppendAudit(CatalogSamples.Audit(number))), cancellationToken))).ConfigureAwait(false);
        Expect.Equal(Count, sequences.Distinct().Count(), "The number of different sequences");
        Expect.Equal(Count, (await catalog.QueryPlansAsync(new PlanQuery { Take = 0 }, cancellationToken).ConfigureAwait(false)).TotalCount, "The number of plans");
        var audit = await catalog.ReadAuditAsync(0, 100, cancellationToken).ConfigureAwait(false);
        Expect.That(audit.Count == Count && AuditChain.FindBreak(audit, 0, AuditChain.Origin) is null, "the audit log of commits at the same time is not one chain.");
    }

    private static async Task WholeBatches(ICatalog catalog, CancellationToken cancellationToken)
    {
        const int Count = 40;
        var (left, right) = (CatalogSamples.Plan(1), CatalogSamples.Plan(2));
        await catalog.CommitAsync(cancellationToken, Put(left), Put(right)).ConfigureAwait(false);
        var committed = 1;
        var writing = Task.Run(
            async () =>
            {
                for (var version = 1; version < Count; version++)
                {
                    await catalog.CommitAsync(cancellationToken, Put(left with { RowVersion = version }), Put(right with { RowVersion = version })).ConfigureAwait(false);
                    Volatile.Write(ref committed, version + 1);
                }
            },
            cancellationToken);
        while (Volatile.Read(ref committed) < Count && !writing.IsCompleted)
        {
            var before = Volatile.Read(ref committed);
            var page = await catalog.QueryPlansAsync(new PlanQuery(), cancellationToken).ConfigureAwait(false);
            Expect.That(
                page is { TotalCount: 2, Items: [var one, var two] } && one.RowVersion == two.RowVersion && one.RowVersion >= before,
                $"after commit {before} a page showed the versions {string.Join(", ", page.Items.Select(plan => plan.RowVersion))}.");
        }

        await writing.ConfigureAwait(false);
    }

    private static async Task CancelReads(ICatalog catalog, CancellationToken cancellationToken)
    {
        await catalog.CommitAsync(cancellationToken, Put(CatalogSamples.Plan(1))).ConfigureAwait(false);
        await Expect.CancellableAsync(token => catalog.FindPlanAsync(CatalogSamples.Id(1), token).AsTask(), "A search").ConfigureAwait(false);
        await Expect.CancellableAsync(token => catalog.QueryPlansAsync(new PlanQuery(), token).AsTask(), "A query").ConfigureAwait(false);
        await catalog.SeesAsync(new PlanQuery(), [1], cancellationToken).ConfigureAwait(false);
    }
}
