using DisasterTolerance.Chunking;
using DisasterTolerance.Storage;
using DisasterTolerance.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

/// <summary>A store whose index is kept in a file between two times that it is open.</summary>
public sealed class StoreIndexTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dt-store-index-");

    private string IndexFile => Path.Combine(_folder.FullName, "store.index");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task OpenAsync_IndexSaved_ReadsNoTrailer()
    {
        var storage = new InMemoryStorage();
        var hashes = await FillAsync(storage, 0, 10);
        await FillAsync(storage, 10, 20);

        // With a damaged trailer the pack would be read record by record, and the generation would rise.
        storage.Tamper(Packs(storage)[0], bytes =>
        {
            bytes[^1] ^= 1;
            return bytes;
        });

        await using var store = await OpenWithIndexAsync(storage);
        Assert.Equal((20L, 0L), (store.RecordCount, store.Generation));
        Assert.Equal(Chunk(3), await ReadAsync(store, hashes[3]));
    }

    [Fact]
    public async Task OpenAsync_IndexSavedWithPatches_KnowsTheirBases()
    {
        var storage = new InMemoryStorage();
        List<ContentHash> hashes = [];
        await using (var store = await OpenWithIndexAsync(storage))
        {
            using var scope = store.BeginScope();
            for (var number = 1; number < 5; number++)
            {
                hashes.Add(await PatchStore.PutAsync(scope, PatchStore.Version(number), hashes.FirstOrDefault()));
            }

            await scope.FlushAsync(Token);
        }

        // So that the bases cannot come from the pack's own list of them.
        storage.Tamper(Packs(storage)[0], bytes =>
        {
            bytes[^1] ^= 1;
            return bytes;
        });
        await using (var again = await OpenWithIndexAsync(storage))
        {
            Assert.All(hashes[1..], hash => Assert.Equal(hashes[0], PatchStore.BaseOf(again, hash)));

            // The base has no root of its own: a patch that is wanted keeps it.
            using var scope = again.BeginScope();
            Assert.True(scope.TryHold(hashes[1]));
            await again.SweepAsync(_ => new([]), Token);
            Assert.Equal(PatchStore.Version(2), await ReadAsync(again, hashes[1]));
            await PatchStore.PutAsync(scope, PatchStore.Version(7), hashes[1]);
            await scope.FlushAsync(Token);
        }

        await using var third = await OpenWithIndexAsync(storage);
        Assert.Equal(PatchStore.Version(2), await ReadAsync(third, hashes[1]));
        Assert.Equal(PatchStore.Version(7), await ReadAsync(third, ContentHash.Of(PatchStore.Version(7))));
        Assert.Equal(hashes[0], PatchStore.BaseOf(third, ContentHash.Of(PatchStore.Version(7))));
    }

    [Fact]
    public async Task OpenAsync_PacksAddedSinceItWasSaved_HoldsBoth()
    {
        var storage = new InMemoryStorage();
        var first = await FillAsync(storage, 0, 10);
        var saved = await File.ReadAllBytesAsync(IndexFile, Token);
        var second = await FillAsync(storage, 10, 20);
        await File.WriteAllBytesAsync(IndexFile, saved, Token);

        await using var store = await OpenWithIndexAsync(storage);
        Assert.Equal(20, store.RecordCount);
        Assert.Equal(Chunk(0), await ReadAsync(store, first[0]));
        Assert.Equal(Chunk(19), await ReadAsync(store, second[9]));
    }

    [Fact]
    public async Task OpenAsync_PackGoneSinceItWasSaved_BuildsItAnew()
    {
        var storage = new InMemoryStorage();
        await FillAsync(storage, 0, 10);
        await FillAsync(storage, 10, 15);
        await storage.DeleteAsync(Packs(storage)[0], Token);

        await using var store = await OpenWithIndexAsync(storage);
        Assert.Equal(5, store.RecordCount);
    }

    [Fact]
    public async Task OpenAsync_IndexOfAnotherStore_BuildsItAnew()
    {
        await FillAsync(new InMemoryStorage(), 0, 10);
        var other = new InMemoryStorage();
        var index = await File.ReadAllBytesAsync(IndexFile, Token);
        await FillAsync(other, 100, 103);
        await File.WriteAllBytesAsync(IndexFile, index, Token);

        await using var store = await OpenWithIndexAsync(other);
        Assert.Equal(3, store.RecordCount);
        using var scope = store.BeginScope();
        Assert.False(scope.TryHold(ContentHash.Of(Chunk(0))));
    }

    [Fact]
    public async Task OpenAsync_OlderGeneration_BuildsItAnew()
    {
        var storage = new InMemoryStorage();
        var hashes = await FillAsync(storage, 0, 10);
        var saved = await File.ReadAllBytesAsync(IndexFile, Token);
        storage.Tamper(Packs(storage)[0], bytes =>
        {
            bytes[PackFormat.HeaderSize + RecordHeader.Size + 10] ^= 1;
            return bytes;
        });
        await using (var store = await OpenWithIndexAsync(storage))
        {
            Assert.Single((await store.VerifyAsync(0, Token)).Damaged);
        }

        await File.WriteAllBytesAsync(IndexFile, saved, Token);
        await using var again = await OpenWithIndexAsync(storage);
        Assert.Equal((9L, 1L), (again.RecordCount, again.Generation));
        using var scope = again.BeginScope();
        Assert.False(scope.TryHold(hashes[0]));
    }

    [Fact]
    public async Task OpenAsync_StorePutBackToAnOlderCopyThatWentOn_BuildsItAnew()
    {
        var storage = new InMemoryStorage();
        await FillAsync(storage, 0, 10);
        var copy = storage.Clone();
        await FillAsync(storage, 10, 20);
        var saved = await File.ReadAllBytesAsync(IndexFile, Token);

        // As many records of the same length: the packs differ in nothing but their content.
        await FillAsync(copy, 30, 40);
        await File.WriteAllBytesAsync(IndexFile, saved, Token);

        await using var store = await OpenWithIndexAsync(copy);
        Assert.Equal(20, store.RecordCount);
        Assert.Equal(Chunk(35), await ReadAsync(store, ContentHash.Of(Chunk(35))));
    }

    [Fact]
    public async Task OpenAsync_IndexFileIsRubbish_BuildsItAnew()
    {
        var storage = new InMemoryStorage();
        await FillAsync(storage, 0, 10);
        await File.WriteAllBytesAsync(IndexFile, Chunk(1), Token);
        await using var store = await OpenWithIndexAsync(storage);
        Assert.Equal(10, store.RecordCount);
    }

    private static string[] Packs(InMemoryStorage storage) => [.. storage.Names.Where(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private async Task<List<ContentHash>> FillAsync(InMemoryStorage storage, int first, int end)
    {
        var hashes = new List<ContentHash>();
        await using var store = await OpenWithIndexAsync(storage);
        using var scope = store.BeginScope();
        for (var seed = first; seed < end; seed++)
        {
            hashes.Add(await AddAsync(scope, Chunk(seed)));
        }

        await scope.FlushAsync(Token);
        return hashes;
    }

    private ValueTask<RecordStore> OpenWithIndexAsync(IStorageProvider storage) => RecordStore.OpenAsync(
        storage, new StoreOptions { PackBytes = 1 << 20 }, TimeProvider.System, new RandomIdSource(), NullLogger.Instance, Token, IndexFile);
}
