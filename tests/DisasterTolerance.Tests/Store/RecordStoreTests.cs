using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class RecordStoreTests
{
    [Fact]
    public async Task ReadAsync_AfterFlushAndReopen_ReturnsContent()
    {
        var storage = new InMemoryStorage();
        var contents = Enumerable.Range(0, 600).Select(i => Chunk(i, 4096, i % 2 == 0)).ToArray();
        Guid id;
        await using (var store = await OpenAsync(storage))
        {
            id = store.StoreId;
            using var scope = store.BeginScope();
            foreach (var content in contents)
            {
                await AddAsync(scope, content);
            }

            await scope.FlushAsync(Token);
            Assert.Equal(contents[7], await ReadAsync(store, ContentHash.Of(contents[7])));
        }

        await using var again = await OpenAsync(storage);
        Assert.Equal(id, again.StoreId);
        Assert.Equal(0, again.Generation);
        Assert.Equal(contents.Length, again.RecordCount);
        Assert.True(storage.Names.Count(name => name.StartsWith("packs/", StringComparison.Ordinal)) > 1);
        foreach (var content in contents)
        {
            Assert.Equal(content, await ReadAsync(again, ContentHash.Of(content)));
        }
    }

    [Fact]
    public async Task AppendAsync_SameContentTwice_StoresItOnce()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var first = store.BeginScope();
        using var second = store.BeginScope();
        await AddAsync(first, Chunk(1));

        var added = await second.AppendAsync(RecordKind.Chunk, ContentHash.Of(Chunk(1)), Chunk(1), CompressionMode.On, Token);

        Assert.Equal(0, added);
        Assert.Equal(1, store.RecordCount);
        Assert.Equal(store.StoredLength(ContentHash.Of(Chunk(1))), first.AddedBytes);
    }

    [Fact]
    public async Task AppendAsync_ContentThatShrinks_IsStoredCompressed()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var sparse = await AddAsync(scope, Chunk(1, 65536, isDense: false));
        var off = await AddAsync(scope, Chunk(2, 65536, isDense: false), CompressionMode.Off);
        var dense = await AddAsync(scope, Chunk(3, 65536));

        Assert.InRange(store.StoredLength(sparse), 1, 1000);
        Assert.Equal(RecordHeader.Size + 65536, store.StoredLength(off));
        Assert.Equal(RecordHeader.Size + 65536, store.StoredLength(dense));
    }

    [Fact]
    public async Task ReadAsync_BeforeFlush_MakesItDurableAndReturnsContent()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var hash = await AddAsync(scope, Chunk(1));

        Assert.Equal(Chunk(1), await ReadAsync(store, hash));
    }

    [Fact]
    public async Task AppendStoredAsync_RecordOfAnotherStore_StoresTheSameBytes()
    {
        await using var source = await OpenAsync(new InMemoryStorage());
        await using var target = await OpenAsync(new InMemoryStorage());
        using var from = source.BeginScope();
        using var to = target.BeginScope();
        var hash = await AddAsync(from, Chunk(1, 65536, isDense: false));
        var record = new byte[source.StoredLength(hash)];
        await source.ReadStoredAsync(hash, record, Token);

        var appended = await to.AppendStoredAsync(record, RecordKind.Chunk, Token);

        Assert.Equal(new AppendedRecord(hash, record.Length), appended);
        var copy = new byte[record.Length];
        await target.ReadStoredAsync(hash, copy, Token);
        Assert.Equal(record, copy);
        Assert.Equal(0, (await to.AppendStoredAsync(record, RecordKind.Chunk, Token)).AddedBytes);
    }

    [Fact]
    public async Task AppendStoredAsync_AnyByteFlipped_IsRefused()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var record = new byte[RecordFormat.MaxLength(4096)];
        var length = RecordFormat.Encode(RecordKind.Chunk, ContentHash.Of(Chunk(1, 4096, false)), Chunk(1, 4096, false), CompressionMode.On, record);
        for (var at = 0; at < length; at++)
        {
            var bad = record[..length];
            bad[at] ^= 0x10;

            var error = await Assert.ThrowsAnyAsync<DisasterToleranceException>(async () => await scope.AppendStoredAsync(bad, RecordKind.Chunk, Token));
            Assert.True(error.Code is ErrorCode.DataDamaged or ErrorCode.FormatVersion);
        }

        Assert.Equal(0, store.RecordCount);
    }

    [Fact]
    public async Task AppendStoredAsync_FalseHashWithGoodChecksum_IsRefused()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var record = new byte[RecordFormat.MaxLength(4096)];
        var length = RecordFormat.Encode(RecordKind.Chunk, ContentHash.Of(Chunk(2)), Chunk(1), CompressionMode.On, record);

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await scope.AppendStoredAsync(record.AsMemory(0, length), RecordKind.Chunk, Token));

        Assert.Equal(ErrorCode.DataDamaged, error.Code);
        Assert.Contains("another hash", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AppendStoredAsync_OtherKindThanAsked_IsRefused()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var record = new byte[RecordFormat.MaxLength(4096)];
        var length = RecordFormat.Encode(RecordKind.Chunk, ContentHash.Of(Chunk(1)), Chunk(1), CompressionMode.On, record);

        await Assert.ThrowsAsync<DisasterToleranceException>(async () => await scope.AppendStoredAsync(record.AsMemory(0, length), RecordKind.Node, Token));
    }

    [Fact]
    public async Task FlushAsync_StorageFull_FailsAndLeavesOlderRecordsReadable()
    {
        var storage = new InMemoryStorage();
        await using var store = await OpenAsync(storage);
        ContentHash old;
        using (var scope = store.BeginScope())
        {
            old = await AddAsync(scope, Chunk(1));
            await scope.FlushAsync(Token);
        }

        storage.CapacityBytes = storage.UsedBytes + 1000;
        using (var scope = store.BeginScope())
        {
            await AddAsync(scope, Chunk(2));
            var error = await Assert.ThrowsAsync<StorageException>(async () => await scope.FlushAsync(Token));
            Assert.Equal(ErrorCode.StorageFull, error.Code);
            Assert.Throws<StorageException>(() => scope.TryHold(old));
        }

        Assert.Equal(Chunk(1), await ReadAsync(store, old));
        Assert.Equal(1, store.Generation);
        Assert.Equal(-1, store.StoredLength(ContentHash.Of(Chunk(2))));

        storage.CapacityBytes = null;
        using (var scope = store.BeginScope())
        {
            await AddAsync(scope, Chunk(2));
            await scope.FlushAsync(Token);
        }

        await store.DisposeAsync();
        await using var again = await OpenAsync(storage);
        Assert.Equal(1, again.Generation);
        Assert.Equal(Chunk(1), await ReadAsync(again, old));
        Assert.Equal(Chunk(2), await ReadAsync(again, ContentHash.Of(Chunk(2))));
    }

    [Fact]
    public async Task OpenAsync_LaterFormat_IsRefused()
    {
        var storage = new InMemoryStorage();
        await using (await OpenAsync(storage))
        {
        }

        storage.Tamper("store.json", bytes => System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(bytes).Replace("\"format\":2", "\"format\":3", StringComparison.Ordinal)));

        var error = await Assert.ThrowsAsync<StorageException>(async () => await OpenAsync(storage));
        Assert.Equal(ErrorCode.FormatVersion, error.Code);
    }

    [Fact]
    public async Task Journal_WriteReadDelete_KeepsOrder()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        await store.WriteJournalAsync("epochs/b", new byte[] { 2 }, Token);
        await store.WriteJournalAsync("epochs/a", new byte[] { 1 }, Token);
        await store.WriteJournalAsync("marks/a", new byte[] { 3 }, Token);

        await store.DeleteJournalAsync("marks/a", Token);
        await store.DeleteJournalAsync("marks/a", Token);

        var found = new List<(string, byte)>();
        await foreach (var blob in store.ReadJournalAsync("", Token))
        {
            found.Add((blob.Name, blob.Content[0]));
        }

        Assert.Equal([("epochs/a", (byte)1), ("epochs/b", (byte)2)], found);
    }
}
