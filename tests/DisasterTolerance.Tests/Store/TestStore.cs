using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Store;

/// <summary>Short words for what the tests of the store do all the time.</summary>
internal static class TestStore
{
    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static ValueTask<RecordStore> OpenAsync(IStorageProvider storage, StoreOptions? options = null) => RecordStore.OpenAsync(
        storage, options ?? new StoreOptions { PackBytes = 1 << 20 }, TimeProvider.System, new RandomIdSource(), NullLogger.Instance, Token);

    public static byte[] Chunk(int seed, int length = 4096, bool isDense = true)
    {
        var chunk = new byte[length];
        new Random(seed).NextBytes(isDense ? chunk : chunk.AsSpan(0, 64));
        return chunk;
    }

    public static async Task<ContentHash> AddAsync(IStoreScope scope, byte[] content, CompressionMode mode = CompressionMode.On)
    {
        var hash = ContentHash.Of(content);
        await scope.AppendAsync(RecordKind.Chunk, hash, content, mode, Token);
        return hash;
    }

    public static async Task<byte[]> ReadAsync(IRecordStore store, ContentHash hash, RecordKind kind = RecordKind.Chunk)
    {
        var buffer = new byte[RecordHeader.MaxRawLengthOf(kind)];
        return buffer[..await store.ReadAsync(hash, kind, buffer, Token)];
    }

    public static Func<CancellationToken, ValueTask<IReadOnlyCollection<LiveRoot>>> Roots(params LiveRoot[] roots) =>
        _ => ValueTask.FromResult<IReadOnlyCollection<LiveRoot>>(roots);

    /// <summary>A root for single chunks: a tree of depth 0.</summary>
    public static LiveRoot Root(ContentHash chunk) => LiveRoot.Tree(new DiskTree(chunk, 0));
}
