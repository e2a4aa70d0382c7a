using DisasterTolerance.Catalog;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Confirms a takeover at the owner: one step. The other site hears of it with the machine's facts, and the next run ships the other way.
/// <code>
///   RunAsync (awaiting confirmation ─▶ normal)
/// </code>
/// </summary>
internal sealed class ConfirmRun(RecoveryTools tools)
{
    /// <summary>Confirms. Confirming what is confirmed already succeeds.</summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Whether there was something to confirm.</returns>
    public async ValueTask<bool> RunAsync(Guid machine, CancellationToken cancellationToken)
    {
        using var gate = await tools.Site.Gates.EnterAsync(machine, cancellationToken).ConfigureAwait(false);
        tools.Site.Certainty.Demand(tools.Site.Name);
        var subject = await tools.Peers.FindAsync(machine, cancellationToken).ConfigureAwait(false);
        if (RecoveryRules.MayConfirm(subject.Row, tools.Site.Uuid, out var alreadyDone) is { } refusal)
        {
            throw refusal.ToException();
        }

        if (alreadyDone)
        {
            return false;
        }

        await tools.Machines.UpdateAsync(machine, row => tools.Book.Settled(row with { Takeover = null }), cancellationToken).ConfigureAwait(false);
        return true;
    }
}
