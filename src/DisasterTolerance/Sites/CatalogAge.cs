using System.Globalization;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sites;

/// <summary>
/// Notices a catalog that is new, rebuilt or restored from an older copy: the store keeps marks of the catalog's sequence and a journal of epochs. Such a site starts unsure.
/// </summary>
internal sealed class CatalogAge(SiteContext site, Recovery.OwnershipJournal epochs)
{
    private const string Prefix = "marks/";

    // Stands in the catalog until the doubt has ended: what is heard meanwhile moves the catalog's sequence past the mark, and a restart must not take that for certainty.
    private const string DoubtSetting = "doubt";

    private readonly ILogger _log = site.Logs.CreateLogger<CatalogAge>();

    /// <summary>Compares and, if there is doubt, makes the site unsure; then marks the present state.</summary>
    public async ValueTask CheckAsync(CancellationToken cancellationToken)
    {
        var because = await site.Catalog.FindSettingAsync(DoubtSetting, cancellationToken).ConfigureAwait(false) ?? await FindDoubtAsync(cancellationToken).ConfigureAwait(false);
        if (because is not null)
        {
            await site.Catalog.CommitAsync(new Catalog.CatalogBatch().Add(new Catalog.CatalogChange.PutSetting(DoubtSetting, because)), cancellationToken).ConfigureAwait(false);
            site.Certainty.Doubt(because, site.Peers.Keys);
            Log.Unsure(_log, because);
            site.Events.Publish(SiteEventKind.Unsure, because);
        }
        else
        {
            await MarkAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Writes down how far the catalog is. An unsure site leaves the marks as they are, so that it is unsure again after a restart.</summary>
    public async ValueTask MarkAsync(CancellationToken cancellationToken)
    {
        if (site.Certainty.IsUnsure)
        {
            return;
        }

        // A commit of its own, so that every mark is of a sequence that was never marked before.
        var sequence = await site.Catalog.CommitAsync(
            new Catalog.CatalogBatch()
                .Add(new Catalog.CatalogChange.PutSetting("mark", site.Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)))
                .Add(new Catalog.CatalogChange.PutSetting(DoubtSetting, null)),
            cancellationToken).ConfigureAwait(false);
        List<string> older = [];
        await foreach (var blob in site.Store.ReadJournalAsync(Prefix, cancellationToken).ConfigureAwait(false))
        {
            older.Add(blob.Name);
        }

        await site.Store.WriteJournalAsync($"{Prefix}{site.CatalogState.Id:n}/{sequence:x16}", ReadOnlyMemory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        foreach (var name in older)
        {
            await site.Store.DeleteJournalAsync(name, cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask<string?> FindDoubtAsync(CancellationToken cancellationToken)
    {
        await foreach (var blob in site.Store.ReadJournalAsync(Prefix, cancellationToken).ConfigureAwait(false))
        {
            var parts = blob.Name[(blob.Name.IndexOf(Prefix, StringComparison.Ordinal) + Prefix.Length)..].Split('/');
            if (parts[0] != site.CatalogState.Id.ToString("n"))
            {
                return "its catalog is new or rebuilt, while its store is older.";
            }

            if (long.Parse(parts[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) > site.CatalogState.Sequence)
            {
                return "its catalog is older than the mark that the site left when it ran last: it was restored from a copy.";
            }
        }

        foreach (var (machine, ownership) in await epochs.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            var row = await site.Catalog.FindMachineAsync(machine, cancellationToken).ConfigureAwait(false);
            if (row is null || (row.Ownership.Number < ownership.Number && !epochs.IsExplained(row, ownership)))
            {
                return $"the journal beside its store knows epoch {ownership.Number} of machine {machine}, and its catalog does not.";
            }
        }

        return null;
    }
}
