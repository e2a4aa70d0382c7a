using System.Collections.Concurrent;
using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;
using DisasterTolerance.Store;

namespace DisasterTolerance.Tests.Exports;

/// <summary>A store that counts how often each chunk is read.</summary>
internal sealed class CountingStore(IRecordStore store) : IRecordStore
{
    private readonly ConcurrentDictionary<ContentHash, int> _reads = new();

    /// <summary>How often the chunk was read that was read most.</summary>
    public int Most => _reads.Values.DefaultIfEmpty().Max();

    public Guid StoreId => store.StoreId;

    public long Generation => store.Generation;

    public long RecordCount => store.RecordCount;

    public IStoreScope BeginScope() => store.BeginScope();

    public ValueTask<int> ReadAsync(ContentHash hash, RecordKind kind, Memory<byte> destination, CancellationToken cancellationToken)
    {
        _reads.AddOrUpdate(hash, 1, (_, count) => count + 1);
        return store.ReadAsync(hash, kind, destination, cancellationToken);
    }

    public ValueTask ReadAsync(ReadOnlyMemory<ContentHash> hashes, RecordKind kind, int length, Memory<byte> destination, CancellationToken cancellationToken)
    {
        foreach (var hash in hashes.Span)
        {
            _reads.AddOrUpdate(hash, 1, (_, count) => count + 1);
        }

        return store.ReadAsync(hashes, kind, length, destination, cancellationToken);
    }

    public ValueTask FetchAsync(ReadOnlyMemory<ContentHash> hashes, RecordBatch batch, CancellationToken cancellationToken) => store.FetchAsync(hashes, batch, cancellationToken);

    public ValueTask<int> ReadNodeAsync(ContentHash node, Memory<byte> destination, CancellationToken cancellationToken) => store.ReadNodeAsync(node, destination, cancellationToken);

    public ValueTask<int> ReadStoredAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken) => store.ReadStoredAsync(hash, destination, cancellationToken);

    public ValueTask<int> ReadFullAsync(ContentHash hash, Memory<byte> destination, CancellationToken cancellationToken) => store.ReadFullAsync(hash, destination, cancellationToken);

    public void FindBases(ReadOnlySpan<ContentHash> hashes, Span<ContentHash> bases) => store.FindBases(hashes, bases);

    public int StoredLength(ContentHash hash) => store.StoredLength(hash);

    public ValueTask<SweepReport> SweepAsync(Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>> readRoots, CancellationToken cancellationToken) => store.SweepAsync(readRoots, cancellationToken);

    public ValueTask<long> MeasureAsync(IReadOnlyCollection<LiveRoot> roots, CancellationToken cancellationToken) => store.MeasureAsync(roots, cancellationToken);

    public ValueTask<VerifyReport> VerifyAsync(long bytesPerSecond, CancellationToken cancellationToken) => store.VerifyAsync(bytesPerSecond, cancellationToken);

    public ValueTask<IReadOnlyList<MissingRecord>> FindMissingAsync(LiveRoot root, CancellationToken cancellationToken) => store.FindMissingAsync(root, cancellationToken);

    public IReadOnlyList<ContentHash> ListManifests() => store.ListManifests();

    public ValueTask<StorageSpace> GetSpaceAsync(CancellationToken cancellationToken) => store.GetSpaceAsync(cancellationToken);

    public ValueTask WriteJournalAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => store.WriteJournalAsync(name, content, cancellationToken);

    public IAsyncEnumerable<JournalBlob> ReadJournalAsync(string prefix, CancellationToken cancellationToken) => store.ReadJournalAsync(prefix, cancellationToken);

    public ValueTask DeleteJournalAsync(string name, CancellationToken cancellationToken) => store.DeleteJournalAsync(name, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
