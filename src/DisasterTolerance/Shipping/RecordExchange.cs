using System.Buffers;
using System.Text.Json.Serialization;
using DisasterTolerance.Chunking;
using DisasterTolerance.Links;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;

namespace DisasterTolerance.Shipping;

/// <summary>Asks for records by name.</summary>
/// <param name="Machine">Uuid of the protected object whose points need them.</param>
/// <param name="Hashes">Their names, 32 bytes each.</param>
internal sealed record RecordsFetch(Guid Machine, IReadOnlyList<byte[]> Hashes);

/// <summary>The records that are held, full, whatever they are here; empty where one is not.</summary>
internal sealed record RecordsFound(IReadOnlyList<byte[]> Records);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RecordsFetch))]
[JsonSerializable(typeof(RecordsFound))]
internal sealed partial class RecordsJson : JsonSerializerContext;

/// <summary>Heals a store: fetches single records from the peer, and gives ours. Thread-safe.</summary>
internal sealed class RecordExchange(SiteContext site) : IControlPart
{
    // Eight chunks of the largest size, in base64, stay below the limit of a control frame.
    private const int MostRecords = 8;

    private static readonly ControlMethod<RecordsFetch, RecordsFound> Fetch = new("records.fetch", RecordsJson.Default.RecordsFetch, RecordsJson.Default.RecordsFound);

    public void Map(ControlDispatcher dispatcher) => dispatcher.Map(Fetch, GiveAsync);

    /// <summary>Fetches what the peer has of some missing records into this site's store, durable on return.</summary>
    /// <returns>Records that came; 0 also if the peer does not answer.</returns>
    public async ValueTask<long> FetchAsync(Guid peer, Guid machine, IReadOnlyList<MissingRecord> missing, CancellationToken cancellationToken)
    {
        if (site.Links.Find(peer) is not { State.IsUp: true } link)
        {
            return 0;
        }

        using var scope = site.Store.BeginScope();
        var fetched = await FetchAsync(link, machine, [.. missing.Where(m => m.Base.IsZero)], scope, cancellationToken).ConfigureAwait(false);

        // With its base, which is back now if the peer has it, a patch is whole again.
        fetched += await FetchAsync(link, machine, [.. missing.Where(m => !m.Base.IsZero && !scope.TryHold(m.Hash))], scope, cancellationToken).ConfigureAwait(false);
        await scope.FlushAsync(cancellationToken).ConfigureAwait(false);
        return fetched;
    }

    private static async ValueTask<long> FetchAsync(
        IPeerLink link, Guid machine, IReadOnlyList<MissingRecord> missing, IStoreScope scope, CancellationToken cancellationToken)
    {
        long fetched = 0;
        foreach (var part in missing.Chunk(MostRecords))
        {
            var found = await link.CallAsync(Fetch, new RecordsFetch(machine, [.. part.Select(m => ToBytes(m.Hash))]), cancellationToken).ConfigureAwait(false);
            for (var i = 0; i < Math.Min(part.Length, found.Records.Count); i++)
            {
                if (found.Records[i] is { Length: > 0 })
                {
                    var added = await scope.AppendStoredAsync(found.Records[i], part[i].Kind, cancellationToken).ConfigureAwait(false);
                    ShipFrames.Demand(added.Hash == part[i].Hash, "another record came than was asked for");
                    fetched++;
                }
            }
        }

        return fetched;
    }

    private async ValueTask<RecordsFound> GiveAsync(Guid peer, RecordsFetch request, CancellationToken cancellationToken)
    {
        var row = await site.Catalog.FindMachineAsync(request.Machine, cancellationToken).ConfigureAwait(false);
        var plan = row is null ? null : await site.Catalog.FindPlanAsync(row.Plan, cancellationToken).ConfigureAwait(false);
        if (plan is null || site.PeerOf(plan) != peer)
        {
            throw new DisasterToleranceException(ErrorCode.NotFound, $"Site '{site.Name}' shares no machine {request.Machine} with the asking site.");
        }

        ShipFrames.Demand(request.Hashes.Count <= MostRecords && request.Hashes.All(h => h is { Length: ContentHash.Length }), "too many records were asked for, or by other than 32 bytes");
        List<byte[]> records = [];
        foreach (var bytes in request.Hashes)
        {
            records.Add(await ReadAsync(new ContentHash(bytes), cancellationToken).ConfigureAwait(false));
        }

        return new RecordsFound(records);
    }

    private async ValueTask<byte[]> ReadAsync(ContentHash hash, CancellationToken cancellationToken)
    {
        if (hash.IsZero || site.Store.StoredLength(hash) < 0)
        {
            return [];
        }

        var record = ArrayPool<byte>.Shared.Rent(Math.Max(site.Store.StoredLength(hash), RecordFormat.MaxLength(ChunkGeometry.MaxChunkSize)));
        try
        {
            return record[..await site.Store.ReadFullAsync(hash, record, cancellationToken).ConfigureAwait(false)];
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.DataDamaged)
        {
            // Damaged here too: the asker hears that there is none, and this site's own verification reports it.
            return [];
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(record);
        }
    }

    private static byte[] ToBytes(ContentHash hash)
    {
        var bytes = new byte[ContentHash.Length];
        hash.CopyTo(bytes);
        return bytes;
    }
}
