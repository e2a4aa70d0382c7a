using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using DisasterTolerance.Storage;

namespace DisasterTolerance.Store;

/// <summary>The store's id and generation, kept in blobs beside the packs. Thread-safe.</summary>
internal sealed class StoreIdentity : IDisposable
{
    public const string BlobName = "store.json";
    public const string GenerationPrefix = "generation/";

    private readonly IStorageProvider _storage;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _generation, _durable;

    private StoreIdentity(IStorageProvider storage, Guid storeId, long generation)
    {
        _storage = storage;
        StoreId = storeId;
        _generation = generation;
        _durable = generation;
    }

    public Guid StoreId { get; }

    public long Generation => Interlocked.Read(ref _generation);

    /// <summary>Whether the generation was raised and this is not durable yet.</summary>
    public bool OwesGeneration => Interlocked.Read(ref _durable) < Generation;

    /// <summary>Reads the identity, or gives the store a new one.</summary>
    public static async ValueTask<StoreIdentity> OpenAsync(IStorageProvider storage, IIdSource ids, CancellationToken cancellationToken)
    {
        if (await storage.GetLengthAsync(BlobName, cancellationToken).ConfigureAwait(false) is not { } length)
        {
            await foreach (var blob in storage.ListAsync(PackFormat.Prefix, cancellationToken).ConfigureAwait(false))
            {
                throw new StorageException(
                    ErrorCode.DataDamaged, BlobName, $"The store has packs (first {blob.Name}) but no {BlobName}. Restore that blob from a copy, or give the site an empty storage.");
            }

            var identity = new StoreIdentityFile { Format = PackFormat.Version, StoreId = ids.NewId() };
            using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(identity, StoreJson.Default.StoreIdentityFile));
            await storage.PutAsync(BlobName, content, cancellationToken).ConfigureAwait(false);
            return new StoreIdentity(storage, identity.StoreId, 0);
        }

        var file = await ReadFileAsync(storage, length, cancellationToken).ConfigureAwait(false);
        if (!PackFormat.IsReadable(file.Format))
        {
            throw new StorageException(
                ErrorCode.FormatVersion, BlobName, $"The store has format version {file.Format}; this release reads versions {PackFormat.OldestVersion} to {PackFormat.Version}. Use a release that knows it.");
        }

        long generation = 0;
        await foreach (var blob in storage.ListAsync(GenerationPrefix, cancellationToken).ConfigureAwait(false))
        {
            if (PackFormat.SequenceOf(blob.Name, GenerationPrefix) is { } found)
            {
                generation = Math.Max(generation, found);
            }
        }

        return new StoreIdentity(storage, file.StoreId, generation);
    }

    /// <summary>Raises the generation for everybody who asks from now on; <see cref="SettleGenerationAsync"/> makes it durable.</summary>
    public void RaiseGeneration()
    {
        // One step more than what is durable says all there is to say, however many losses there were.
        if (!OwesGeneration)
        {
            Interlocked.Increment(ref _generation);
        }
    }

    public async ValueTask SettleGenerationAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var (goal, before) = (Generation, Interlocked.Read(ref _durable));
            if (goal == before)
            {
                return;
            }

            try
            {
                await _storage.PutAsync(NameOf(goal), Stream.Null, cancellationToken).ConfigureAwait(false);
            }
            catch (StorageException error) when (error.Code == ErrorCode.BlobExists)
            {
                // An earlier try got through although it was reported as failed.
            }

            Interlocked.Exchange(ref _durable, goal);
            if (before > 0)
            {
                await _storage.DeleteAsync(NameOf(before), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    private static string NameOf(long generation) => GenerationPrefix + generation.ToString("x16", CultureInfo.InvariantCulture);

    private static async ValueTask<StoreIdentityFile> ReadFileAsync(IStorageProvider storage, long length, CancellationToken cancellationToken)
    {
        var bytes = new byte[(int)Math.Min(length, 4096)];
        var read = await storage.ReadAsync(BlobName, 0, bytes, cancellationToken).ConfigureAwait(false);
        try
        {
            var file = JsonSerializer.Deserialize(bytes.AsSpan(0, read), StoreJson.Default.StoreIdentityFile);
            if (file is not null && file.StoreId != Guid.Empty)
            {
                return file;
            }
        }
        catch (JsonException cause)
        {
            throw Damaged(cause);
        }

        throw Damaged(null);
    }

    private static StorageException Damaged(Exception? cause) =>
        new(ErrorCode.DataDamaged, BlobName, $"{BlobName} of the store is damaged. Restore that blob from a copy; the packs carry the store's id in their headers.", false, cause);
}

/// <summary>The content of <c>store.json</c>. Immutable.</summary>
internal sealed record StoreIdentityFile
{
    [JsonPropertyName("format")]
    public required int Format { get; init; }

    [JsonPropertyName("storeId")]
    public required Guid StoreId { get; init; }
}

[JsonSerializable(typeof(StoreIdentityFile))]
internal sealed partial class StoreJson : JsonSerializerContext;
