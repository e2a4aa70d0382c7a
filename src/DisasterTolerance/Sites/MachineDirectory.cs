using DisasterTolerance.Catalog;

namespace DisasterTolerance.Sites;

/// <summary>Finds machines by any of their uuids and changes their rows against concurrent changes. Thread-safe.</summary>
internal sealed class MachineDirectory(SiteContext site, IFactsPublisher facts)
{
    private const int Attempts = 100;
    private const int LongestError = 4_000;

    /// <summary>The live machine of a uuid (object's or either side's); a removed one only if there is no live one.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>.</exception>
    public async ValueTask<(MachineRow Machine, PlanRow Plan)> FindAsync(Guid anyUuid, CancellationToken cancellationToken)
    {
        var machines = await site.Catalog.FindMachinesByAnyUuidAsync(anyUuid, cancellationToken).ConfigureAwait(false);
        var machine = machines.OrderBy(m => m.Removed.HasValue).ThenByDescending(m => m.Created).FirstOrDefault()
            ?? throw new DisasterToleranceException(
                ErrorCode.NotFound, $"No machine with uuid {anyUuid} is protected as far as site '{site.Name}' knows. Check the uuid with the state list.");
        var plan = await site.Catalog.FindPlanAsync(machine.Plan, cancellationToken).ConfigureAwait(false)
            ?? throw new DisasterToleranceException(ErrorCode.NotFound, $"Plan {machine.Plan} of machine {anyUuid} is not known at site '{site.Name}'.");
        return (machine, plan);
    }

    /// <summary>Reads a machine again by the uuid of the protected object.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>.</exception>
    public async ValueTask<MachineRow> GetAsync(Guid machine, CancellationToken cancellationToken) =>
        await site.Catalog.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false)
        ?? throw new DisasterToleranceException(ErrorCode.NotFound, $"Machine {machine} is not known any more at site '{site.Name}'.");

    /// <summary>
    /// Changes a machine's row, and other rows with it, in one commit. Read, changed and tried again if somebody else was faster, so <paramref name="change"/> must be a pure function of the row.
    /// </summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="change">The new row; the same row (by value) changes nothing and commits nothing but <paramref name="also"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="tell">Whether the peer should hear of it: raises <see cref="MachineRow.FactsVersion"/>.</param>
    /// <param name="also">More changes of the same commit, made for the row that is going to be stored.</param>
    /// <returns>The row as it is stored now.</returns>
    public ValueTask<MachineRow> UpdateAsync(
        Guid machine, Func<MachineRow, MachineRow> change, CancellationToken cancellationToken, bool tell = true, Action<MachineRow, CatalogBatch>? also = null) => UpdateWithAsync(
        machine,
        change,
        also is null
            ? null
            : (row, batch) =>
            {
                also(row, batch);
                return ValueTask.CompletedTask;
            },
        cancellationToken,
        tell);

    /// <summary>As <see cref="UpdateAsync"/>, for other rows that somebody else may change too: they are read again with every attempt.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="change">The new row, a pure function of the old one.</param>
    /// <param name="also">Reads the other rows as they are now and adds their changes.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="tell">Whether the peer should hear of it.</param>
    public async ValueTask<MachineRow> UpdateWithAsync(
        Guid machine, Func<MachineRow, MachineRow> change, Func<MachineRow, CatalogBatch, ValueTask>? also, CancellationToken cancellationToken, bool tell = true)
    {
        for (var attempt = 1; ; attempt++)
        {
            var old = await GetAsync(machine, cancellationToken).ConfigureAwait(false);
            var changed = Bounded(change(old));
            var unchanged = changed == old;
            if (unchanged && also is null)
            {
                return old;
            }

            changed = tell ? changed with { FactsVersion = old.FactsVersion + 1 } : changed;
            var batch = new CatalogBatch().Add(new CatalogChange.PutMachine(changed));
            if (also is not null)
            {
                await also(changed, batch).ConfigureAwait(false);
            }

            try
            {
                await site.Catalog.CommitAsync(batch, cancellationToken).ConfigureAwait(false);
            }
            catch (DisasterToleranceException e) when (e.Code == ErrorCode.CatalogConflict && attempt < Attempts)
            {
                continue;
            }

            if (tell)
            {
                facts.MachineChanged(machine);
            }

            return changed with { RowVersion = changed.RowVersion + 1 };
        }
    }

    // What a provider throws may be of any length, and a peer takes no facts with endless texts.
    private static MachineRow Bounded(MachineRow row) =>
        row.LastError.Length <= LongestError ? row : row with { LastError = row.LastError[..LongestError] };
}
