using System.Buffers;
using System.Runtime.CompilerServices;
using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>See <see cref="IRecordStore"/>. Owns nothing of the storage: whoever opened that closes it, after this.</summary>
internal sealed class RecordStore : IRecordStore
{
    private const string JournalPrefix = "journal/";
    private const int MaxJournalBytes = 1 << 20;

    private readonly IStorageProvider _storage;
    private readonly StoreIdentity _identity;
    private readonly StoreLedger _ledger;
    private readonly PackWriter _writer;
    private readonly RecordReader _reader;
    private readonly BatchReader _batches;
    private readonly Verifier _verifier;
    private readonly Sweeper _sweeper;
    private readonly bool _patches;
    private readonly PagedChunkIndex _index;
    private readonly IndexCover _cover;
    private readonly DamageList _damage;
    private readonly ILogger _log;
    private bool _isDisposed;

    private RecordStore(
        IAppendStorage storage, StoreOptions options, StoreIdentity identity, PagedChunkIndex index, StoreLedger ledger, int nextSequence, DamageList damage, TimeProvider time, ILogger log)
    {
        _storage = storage;
        _index = index;
        _cover = new IndexCover(storage, identity);
        _damage = damage;
        _log = log;
        _identity = identity;
        _patches = options.Patches;
        _ledger = ledger;
        _writer = new PackWriter(storage, ledger, identity, options.PackBytes, nextSequence, log);
        _reader = new RecordReader(storage, ledger, _writer, identity, damage, log);
        _batches = new BatchReader(storage, ledger, _reader, ArrayPool<byte>.Shared);
        var inventory = new PackInventory(storage, ledger);
        _verifier = new Verifier(storage, ledger, inventory, _reader, time);
        _sweeper = new Sweeper(this, storage, ledger, _writer, _reader, inventory, damage, options, log);
    }

    public Guid StoreId => _identity.StoreId;

    public long Generation => _identity.Generation;

    public long RecordCount => _ledger.RecordCount;

    /// <summary>Opens a store, or makes a new one in an empty storage. One process at a time may use a storage as a store.</summary>
    /// <param name="storage">Where the blobs are; stays the caller's.</param>
    /// <param name="options">How to keep the records.</param>
    /// <param name="time">The clock of slowed-down verifications.</param>
    /// <param name="ids">Gives the id of a new store.</param>
    /// <param name="log">Gets the messages.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="indexFile">Where the index is kept between two times that the store is open; null to build it from the packs each time.</param>
    public static async ValueTask<RecordStore> OpenAsync(
        IStorageProvider storage, StoreOptions options, TimeProvider time, IIdSource ids, ILogger log, CancellationToken cancellationToken, string? indexFile = null)
    {
        StoreRules.Check(options);
        var append = storage as IAppendStorage ?? await SpoolingStorage.OpenAsync(storage, options.SpoolDirectory, log, cancellationToken).ConfigureAwait(false);
        var identity = await StoreIdentity.OpenAsync(append, ids, cancellationToken).ConfigureAwait(false);
        var index = PagedChunkIndex.Open(indexFile, PagedChunkIndex.DefaultCacheBytes, log);
        try
        {
            return await OpenAsync(append, options, identity, index, time, ids, log, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    private static async ValueTask<RecordStore> OpenAsync(
        IAppendStorage append, StoreOptions options, StoreIdentity identity, PagedChunkIndex index, TimeProvider time, IIdSource ids, ILogger log, CancellationToken cancellationToken)
    {
        var ledger = new StoreLedger(index);
        var damage = new DamageList(append, ids);
        var next = await new PackLoader(append, ledger, identity, index, log).LoadAsync(damage, cancellationToken).ConfigureAwait(false);
        var store = new RecordStore(append, options, identity, index, ledger, next, damage, time, log);
        Log.StoreOpened(log, store.StoreId, store.Generation, ledger.SnapshotPacks().Length, store.RecordCount);
        return store;
    }

    public IStoreScope BeginScope() => new StoreScope(_ledger, _writer, _reader, _patches);

    public ValueTask<int> ReadAsync(ContentHash hash, RecordKind kind, Memory<byte> destination, CancellationToken cancellationToken) =>
        _reader.ReadAsync(hash, kind, destination, cancellationToken);

    public ValueTask ReadAsync(ReadOnlyMemory<ContentHash> hashes, RecordKind kind, int length, Memory<byte> destination, CancellationToken cancellationToken) =>
        _batches.ReadAsync(hashes, kind, length, destination, cancellationToken);

    public ValueTask FetchAsync(ReadOnlyMemory<ContentHash> hashes, RecordBatch batch, CancellationToken cancellationToken) => _batches.FetchAsync(hashes, batch, cancellationToken);

    public ValueTask<int> ReadNodeAsync(ContentHash node, Memory<byte> destination, CancellationToken cancellationToken) =>
        _reader.ReadAsync(node, RecordKind.Node, destination, cancellationToken);

    public ValueTask<int> ReadStoredAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken) =>
        _reader.ReadStoredAsync(hash, destination, cancellationToken);

    public ValueTask<int> ReadFullAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken) =>
        _reader.ReadFullAsync(hash, destination, cancellationToken);

    public void FindBases(ReadOnlySpan<ContentHash> hashes, Span<ContentHash> bases) => _ledger.FindBases(hashes, bases);

    public int StoredLength(ContentHash hash) => _ledger.Find(hash) is { IsNowhere: false } location ? location.Length : -1;

    public ValueTask<SweepReport> SweepAsync(
        Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>> readRoots, CancellationToken cancellationToken) =>
        _sweeper.SweepAsync(readRoots, cancellationToken);

    public async ValueTask<long> MeasureAsync(IReadOnlyCollection<LiveRoot> roots, CancellationToken cancellationToken)
    {
        var marker = new Marker(this, _ledger);
        foreach (var root in roots)
        {
            await marker.FollowAsync(root, cancellationToken).ConfigureAwait(false);
        }

        return marker.Bytes;
    }

    public ValueTask<VerifyReport> VerifyAsync(long bytesPerSecond, CancellationToken cancellationToken) => _verifier.VerifyAsync(bytesPerSecond, cancellationToken);

    public async ValueTask<IReadOnlyList<MissingRecord>> FindMissingAsync(LiveRoot root, CancellationToken cancellationToken)
    {
        var marker = new Marker(this, _ledger);
        await marker.FollowAsync(root, cancellationToken).ConfigureAwait(false);
        return marker.Missing;
    }

    public IReadOnlyList<ContentHash> ListManifests() => _ledger.ListOf(RecordKind.Manifest);

    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken) => _storage.GetSpaceAsync(cancellationToken);

    public async ValueTask WriteJournalAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, MaxJournalBytes, nameof(content));
        using var stream = new MemoryStream(content.ToArray(), writable: false);
        await _storage.PutAsync(JournalPrefix + name, stream, cancellationToken).ConfigureAwait(false);
    }

    public async IAsyncEnumerable<JournalBlob> ReadJournalAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in _storage.ListAsync(JournalPrefix + prefix, cancellationToken).ConfigureAwait(false))
        {
            var content = new byte[(int)Math.Min(blob.Length, MaxJournalBytes)];
            var read = await _storage.ReadAsync(blob.Name, 0, content, cancellationToken).ConfigureAwait(false);
            yield return new JournalBlob(blob.Name[JournalPrefix.Length..], content[..read]);
        }
    }

    public ValueTask DeleteJournalAsync(string name, CancellationToken cancellationToken) => _storage.DeleteAsync(JournalPrefix + name, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _writer.DisposeAsync().ConfigureAwait(false);
        await SaveIndexAsync().ConfigureAwait(false);
        _index.Dispose();
        _sweeper.Dispose();
        _identity.Dispose();
        (_storage as SpoolingStorage)?.Dispose();
    }

    // Only a cache: without it the next start takes longer.
    private async ValueTask SaveIndexAsync()
    {
        try
        {
            var packs = _ledger.SnapshotPacks();
            if (_index.IsLasting && !_identity.OwesGeneration && packs.All(pack => pack.IsSealed))
            {
                _index.Save(await _cover.DescribeAsync(packs, await _damage.ReadAsync(default).ConfigureAwait(false), default).ConfigureAwait(false), _ledger.SaveBases());
            }
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or StorageException)
        {
            Log.IndexNotWritten(_log, cause);
        }
    }
}
