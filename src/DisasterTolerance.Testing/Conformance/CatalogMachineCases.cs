using DisasterTolerance.Catalog;
using static DisasterTolerance.Testing.Conformance.CatalogSteps;

namespace DisasterTolerance.Testing.Conformance;

/// <summary>Finding machines, those that are due, and forgetting them.</summary>
internal static class CatalogMachineCases
{
    public static IEnumerable<ConformanceCase<CatalogFixture>> All { get; } =
    [
        new("FindMachine_AnyMachine_IsFoundOrNull", "A machine by the uuid of the protected object, removed ones included, or null.", Opened(Find)),
        new("FindMachinesByAnyUuid_ThreeUuids_AllFind", "All machines, removed ones included, that have a uuid as object, master-side or slave-side uuid.", Opened(AnyUuid)),
        new("ListDueMachines_Limit_OldestFirst", "Machines that are not removed, with NextRun at or before a time, oldest due first, then by uuid.", Opened(Due)),
        new("FindNextDue_Schedule_IsTheEarliest", "The earliest NextRun of any machine that is not removed, in whole milliseconds, or null.", Opened(NextDue)),
        new("DeleteMachine_PointsAndRuns_GoToo", "Forgets a machine, its points' rows of both sites and its runs.", Opened(Delete)),
    ];

    private static async Task Find(ICatalog catalog, CancellationToken cancellationToken)
    {
        var machine = CatalogSamples.Machine(1, CatalogSamples.Id(2)) with { Removed = CatalogSamples.Time(9) };
        await catalog.CommitAsync(cancellationToken, Put(machine)).ConfigureAwait(false);
        RowText.Same(machine with { RowVersion = 1 }, await catalog.FindMachineAsync(machine.Uuid, cancellationToken).ConfigureAwait(false), "The removed machine");
        RowText.Same(null, await catalog.FindMachineAsync(machine.MasterUuid, cancellationToken).ConfigureAwait(false), "The machine by its master-side uuid");
    }

    private static async Task AnyUuid(ICatalog catalog, CancellationToken cancellationToken)
    {
        var first = CatalogSamples.Machine(1, CatalogSamples.Id(10));
        var second = CatalogSamples.Machine(2, CatalogSamples.Id(11)) with { SlaveUuid = first.MasterUuid, Removed = CatalogSamples.Time(1) };
        var third = CatalogSamples.Machine(3, CatalogSamples.Id(12)) with { MasterUuid = first.Uuid, SlaveUuid = first.Uuid };
        await catalog.CommitAsync(cancellationToken, Put(first), Put(second), Put(third)).ConfigureAwait(false);
        (Guid Uuid, int[] Numbers)[] searches = [(first.MasterUuid, [2, 1]), (first.Uuid, [3, 1]), (first.SlaveUuid, [1]), (second.Uuid, [2]), (CatalogSamples.Id(10), [])];
        foreach (var (uuid, numbers) in searches)
        {
            var found = await catalog.FindMachinesByAnyUuidAsync(uuid, cancellationToken).ConfigureAwait(false);
            Same($"any uuid {uuid}", numbers, found.Select(machine => machine.Uuid));
        }

        await catalog.CommitAsync(cancellationToken, Put(first with { RowVersion = 1, MasterUuid = CatalogSamples.Id(99) })).ConfigureAwait(false);
        var moved = await catalog.FindMachinesByAnyUuidAsync(first.MasterUuid, cancellationToken).ConfigureAwait(false);
        Same("the former uuid", [2], moved.Select(machine => machine.Uuid));
    }

    private static async Task Due(ICatalog catalog, CancellationToken cancellationToken)
    {
        var now = CatalogSamples.Time(100);
        var plan = CatalogSamples.Id(10);
        int[] sameTime = [3, 4, 5];
        await catalog.CommitAsync(
            cancellationToken,
            [
                Put(CatalogSamples.Machine(1, plan) with { NextRun = now }),
                Put(CatalogSamples.Machine(2, plan) with { NextRun = now.AddMilliseconds(1) }),
                .. sameTime.Select(number => Put(CatalogSamples.Machine(number, plan) with { NextRun = now.AddMinutes(-1) })),
                Put(CatalogSamples.Machine(6, plan) with { NextRun = now.AddDays(-1), Removed = now }),
                Put(CatalogSamples.Machine(7, plan) with { NextRun = null }),
            ]).ConfigureAwait(false);
        int[] all = [.. sameTime.OrderBy(number => CatalogSamples.Id(number).ToString(), StringComparer.Ordinal), 1];
        foreach (var limit in (int[])[0, 2, 4, int.MaxValue])
        {
            var due = await catalog.ListDueMachinesAsync(now, limit, cancellationToken).ConfigureAwait(false);
            Same($"the due machines, at most {limit}", [.. all.Take(limit)], due.Select(machine => machine.Uuid));
        }

        await Expect.RefusedAsync(() => catalog.ListDueMachinesAsync(now, -1, cancellationToken).AsTask(), "A negative limit").ConfigureAwait(false);
    }

    private static async Task NextDue(ICatalog catalog, CancellationToken cancellationToken)
    {
        Expect.Equal(null, await catalog.FindNextDueAsync(cancellationToken).ConfigureAwait(false), "The next due time without a machine");
        var machine = CatalogSamples.Machine(1, CatalogSamples.Id(10)) with { NextRun = CatalogSamples.Time(5) };
        await catalog.CommitAsync(
            cancellationToken, Put(machine), Put(CatalogSamples.Machine(2, machine.Plan) with { NextRun = CatalogSamples.Time(6) }), Put(CatalogSamples.Machine(3, machine.Plan) with { NextRun = null })).ConfigureAwait(false);
        Expect.Equal(Whole(5), await catalog.FindNextDueAsync(cancellationToken).ConfigureAwait(false), "The next due time");
        await catalog.CommitAsync(cancellationToken, Put(machine with { RowVersion = 1, Removed = CatalogSamples.Time(1) })).ConfigureAwait(false);
        Expect.Equal(Whole(6), await catalog.FindNextDueAsync(cancellationToken).ConfigureAwait(false), "The next due time after a removal");
    }

    private static async Task Delete(ICatalog catalog, CancellationToken cancellationToken)
    {
        var plan = CatalogSamples.Id(10);
        var (gone, other) = (CatalogSamples.Machine(1, plan), CatalogSamples.Machine(2, plan));
        await catalog.CommitAsync(
            cancellationToken,
            Put(gone),
            Put(other),
            Put(CatalogSamples.Point(3, gone.Uuid, CatalogSamples.SiteA)),
            Put(CatalogSamples.Point(3, gone.Uuid, CatalogSamples.SiteB)),
            Put(CatalogSamples.Point(4, other.Uuid, CatalogSamples.SiteA)),
            Put(CatalogSamples.Run(5, gone.Uuid)),
            Put(CatalogSamples.Run(6, other.Uuid))).ConfigureAwait(false);
        await catalog.CommitAsync(cancellationToken, new CatalogChange.DeleteMachine(gone.Uuid), new CatalogChange.DeleteMachine(CatalogSamples.Id(99))).ConfigureAwait(false);
        RowText.Same(null, await catalog.FindMachineAsync(gone.Uuid, cancellationToken).ConfigureAwait(false), "The forgotten machine");
        await catalog.SeesAsync(new PointQuery { IncludeRemoved = true }, [4], cancellationToken).ConfigureAwait(false);
        Expect.Equal(0, (await catalog.ListRunsAsync(gone.Uuid, 10, cancellationToken).ConfigureAwait(false)).Count, "The number of its runs");
        Expect.Equal(1, (await catalog.ListRunsAsync(other.Uuid, 10, cancellationToken).ConfigureAwait(false)).Count, "The number of the other machine's runs");
        await catalog.SeesAsync(new MachineQuery { IncludeRemoved = true }, [2], cancellationToken).ConfigureAwait(false);
    }

    private static DateTimeOffset? Whole(int minutes) => DateTimeOffset.FromUnixTimeMilliseconds(CatalogSamples.Time(minutes).ToUnixTimeMilliseconds());
}
