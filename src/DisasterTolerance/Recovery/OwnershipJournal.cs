using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DisasterTolerance.Catalog;
using DisasterTolerance.Sites;

namespace DisasterTolerance.Recovery;

/// <summary>
/// Every ownership that this site ever wrote or adopted, beside its packs: written before the catalog, so that a catalog restored from an older copy is noticed. Only the newest entry of a machine is kept. Thread-safe.
/// </summary>
internal sealed class OwnershipJournal(SiteContext site) : IOwnershipJournal
{
    private const string Prefix = "epochs/";

    /// <summary>
    /// Writes an ownership, durable on return, and forgets every other one of the machine: also a greater one that was written here and then given up before the catalog had it.
    /// The same one again: no effect.
    /// </summary>
    /// <param name="machine">Uuid of the protected object.</param>
    /// <param name="ownership">What will be written to the catalog next, or what the catalog has after work was given up.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async ValueTask WriteAsync(Guid machine, Ownership ownership, CancellationToken cancellationToken)
    {
        var name = NameOf(machine, ownership);
        var isWritten = false;
        List<string> others = [];
        await foreach (var blob in site.Store.ReadJournalAsync($"{Prefix}{machine:n}/", cancellationToken).ConfigureAwait(false))
        {
            if (blob.Name == name)
            {
                isWritten = true;
            }
            else
            {
                others.Add(blob.Name);
            }
        }

        if (!isWritten)
        {
            var content = JsonSerializer.SerializeToUtf8Bytes(new JournalEntry(machine, ownership), JournalJson.Default.JournalEntry);
            await site.Store.WriteJournalAsync(name, content, cancellationToken).ConfigureAwait(false);
        }

        foreach (var entry in others)
        {
            await site.Store.DeleteJournalAsync(entry, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The greatest ownership of every machine that the journal knows.</summary>
    public async ValueTask<IReadOnlyDictionary<Guid, Ownership>> ReadAllAsync(CancellationToken cancellationToken)
    {
        Dictionary<Guid, Ownership> all = [];
        await foreach (var blob in site.Store.ReadJournalAsync(Prefix, cancellationToken).ConfigureAwait(false))
        {
            var entry = Parse(blob.Name, blob.Content);
            if (!all.TryGetValue(entry.Machine, out var known) || IsNewer(entry.Ownership, known))
            {
                all[entry.Machine] = entry.Ownership;
            }
        }

        return all;
    }

    /// <summary>Whether a journal that is ahead of the catalog is only the trace of work that a crash cut between the two, and that is taken up again.</summary>
    /// <param name="row">The machine as the catalog has it.</param>
    /// <param name="ownership">What the journal has.</param>
    public bool IsExplained(MachineRow row, Ownership ownership) =>
        row.Pending is { Kind: WorkKind.Failover or WorkKind.MigrateIn } && ownership.Owner == site.Uuid && ownership.Number <= row.Ownership.Number + 2;

    private static bool IsNewer(Ownership one, Ownership other) =>
        one.Number > other.Number || (one.Number == other.Number && one.YieldedTo is not null);

    private static string NameOf(Guid machine, Ownership ownership)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{machine:n}/{ownership.Number:x16}-{ownership.Owner:n}");
        return ownership.YieldedTo is { } to ? $"{name}-yield-{to:n}" : name;
    }

    private static JournalEntry Parse(string name, byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize(content, JournalJson.Default.JournalEntry)!;
        }
        catch (JsonException e)
        {
            throw new StorageException(
                ErrorCode.DataDamaged, name, $"The journal entry '{name}' is damaged: {e.Message} Restore the blob from a copy of the store, or delete it and bring the link up, so that the site hears its peer.", innerException: e);
        }
    }
}

/// <summary>One entry of the journal.</summary>
internal sealed record JournalEntry(Guid Machine, Ownership Ownership);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(JournalEntry))]
internal sealed partial class JournalJson : JsonSerializerContext;
