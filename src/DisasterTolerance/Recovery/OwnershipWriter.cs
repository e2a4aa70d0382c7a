using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

/// <summary>
/// The one place that changes who owns a machine: journal, then catalog. What the other site wrote is journalled after the catalog has it: a catalog that lacks it is then only behind, not old. Thread-safe;
/// the caller holds the machine's gate.
/// </summary>
internal sealed class OwnershipWriter(SiteContext site, MachineDirectory machines, OwnershipJournal journal)
{
    private const int Attempts = 4;

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = site.Logs.CreateLogger<OwnershipWriter>();

    /// <summary>Writes an ownership durably.</summary>
    /// <param name="row">The machine as the caller read it under the gate.</param>
    /// <param name="next">What to write.</param>
    /// <param name="why">For the log.</param>
    /// <param name="change">Everything else that changes in the row.</param>
    /// <param name="cancellationToken">Ends the call; nothing is written then, or all of it.</param>
    /// <param name="also">More changes of the same commit.</param>
    public async ValueTask<MachineRow> WriteAsync(
        MachineRow row, Ownership next, string why, Func<MachineRow, MachineRow> change, CancellationToken cancellationToken, Action<MachineRow, CatalogBatch>? also = null)
    {
        var stored = await RepeatAsync(() => WriteOnceAsync(row, next, change, also, cancellationToken), cancellationToken).ConfigureAwait(false);
        if (next.Number != row.Ownership.Number)
        {
            Log.OwnerWritten(_log, row.Name, next.Number, site.NameOf(next.Owner), why);
            site.Events.Publish(SiteEventKind.OwnerChanged, $"Machine '{row.Name}' belongs to site '{site.NameOf(next.Owner)}' in epoch {next.Number}: {why}.", row.Uuid, row.Plan);
        }

        return stored;
    }

    /// <summary>Takes back what was journalled by work that was given up before the catalog had it, so that the catalog does not look old at the next start.</summary>
    public ValueTask WithdrawAsync(MachineRow row, CancellationToken cancellationToken) => journal.WriteAsync(row.Uuid, row.Ownership, cancellationToken);

    private async ValueTask<MachineRow> WriteOnceAsync(
        MachineRow row, Ownership next, Func<MachineRow, MachineRow> change, Action<MachineRow, CatalogBatch>? also, CancellationToken cancellationToken)
    {
        if (next.Owner == site.Uuid)
        {
            await journal.WriteAsync(row.Uuid, next, cancellationToken).ConfigureAwait(false);
            return await CommitAsync(row, next, change, also, cancellationToken).ConfigureAwait(false);
        }

        var stored = await CommitAsync(row, next, change, also, cancellationToken).ConfigureAwait(false);
        await journal.WriteAsync(row.Uuid, next, cancellationToken).ConfigureAwait(false);
        return stored;
    }

    // Much work lies behind a change of owner, perhaps a machine that was stopped for it: what fails in passing is not its end.
    private async ValueTask<MachineRow> RepeatAsync(Func<ValueTask<MachineRow>> write, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await write().ConfigureAwait(false);
            }
            catch (DisasterToleranceException e) when (e.IsTransient && e.Code != ErrorCode.Conflict && attempt < Attempts)
            {
                Log.OwnerWriteRepeats(_log, e.Message);
            }

            await Task.Delay(pause, site.Clock, cancellationToken).ConfigureAwait(false);
            pause *= 2;
        }
    }

    private async ValueTask<MachineRow> CommitAsync(
        MachineRow row, Ownership next, Func<MachineRow, MachineRow> change, Action<MachineRow, CatalogBatch>? also, CancellationToken cancellationToken)
    {
        try
        {
            return await machines.UpdateAsync(
                row.Uuid,
                now => now.Ownership == next && next != row.Ownership
                    ? now
                    : now.Ownership == row.Ownership
                    ? change(now) with { Ownership = next }
                    : throw new DisasterToleranceException(ErrorCode.Conflict, $"The owner of machine '{row.Name}' changed meanwhile. Look at the state list and ask again.", isTransient: true),
                cancellationToken,
                also: also).ConfigureAwait(false);
        }
        catch (DisasterToleranceException) when (row.Ownership != next)
        {
            // A commit that failed may have been applied: what the catalog says now is what counts.
            var now = await machines.GetAsync(row.Uuid, CancellationToken.None).ConfigureAwait(false);
            if (now.Ownership != next)
            {
                throw;
            }

            return now;
        }
    }
}
