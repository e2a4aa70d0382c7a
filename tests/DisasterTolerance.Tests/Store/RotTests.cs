using DisasterTolerance.Chunking;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class RotTests
{
    [Fact]
    public async Task VerifyAsync_AnyBitOfARecordFlipped_IsFoundAndNeverServed()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var storage = new InMemoryStorage();
            var hashes = await FillAsync(storage, 10, isDense: seed % 2 == 0);
            await using var store = await OpenAsync(storage);
            var name = Pack(storage);
            var end = PackFormat.HeaderSize + hashes.Sum(store.StoredLength);
            var at = random.Next(PackFormat.HeaderSize, end);
            storage.Tamper(name, bytes =>
            {
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            });
            var isServedFirst = random.Next(2) == 0;
            var bad = 0;
            if (isServedFirst)
            {
                bad = await CountUnreadableAsync(store, hashes);
            }

            var report = await store.VerifyAsync(0, Token);
            bad += report.Damaged.Count;

            Assert.True(bad == 1, $"Seed {seed}: {bad} damaged records were found, expected one.");
            Assert.Equal(1, await CountUnreadableAsync(store, hashes));
            Assert.Equal(1, store.Generation);
            if (!isServedFirst)
            {
                Assert.Equal(name, Assert.Single(report.Damaged).Pack);
            }

            await CheckHealAsync(store, storage, hashes, seed % 2 == 0);
        }
    }

    [Fact]
    public async Task VerifyAsync_PackGone_ListsAllItsRecords()
    {
        var storage = new InMemoryStorage();
        await FillAsync(storage, 10, isDense: true);
        await using var store = await OpenAsync(storage);
        await storage.DeleteAsync(Pack(storage), Token);

        Assert.Equal(10, (await store.VerifyAsync(0, Token)).Damaged.Count);
        Assert.Equal(0, store.RecordCount);
    }

    [Fact]
    public async Task VerifyAsync_PackCutShort_ListsWhatIsBehind()
    {
        var storage = new InMemoryStorage();
        await FillAsync(storage, 10, isDense: true);
        await using var store = await OpenAsync(storage);
        storage.Tamper(Pack(storage), bytes => bytes[..(PackFormat.HeaderSize + (4 * (4096 + RecordHeader.Size)) + 100)]);

        var report = await store.VerifyAsync(0, Token);

        Assert.Equal(10, report.Records);
        Assert.Equal(6, report.Damaged.Count);
        Assert.Equal(4, store.RecordCount);
    }

    [Fact]
    public async Task FindMissingAsync_DamagedNodeAndChunk_NamesThem()
    {
        var storage = new InMemoryStorage();
        DiskTree tree;
        await using (var store = await OpenAsync(storage))
        {
            using var scope = store.BeginScope();
            var geometry = new ChunkGeometry(4096, 16);
            var writer = await TreeWriter.BeginAsync(store, scope, geometry, DiskTree.Empty(geometry, 40), 40, Token);
            for (var i = 0; i < 40; i++)
            {
                await writer.SetAsync(i, await AddAsync(scope, Chunk(i)), Token);
            }

            tree = await writer.FinishAsync(Token);
            await scope.FlushAsync(Token);
            Assert.Empty(await store.FindMissingAsync(LiveRoot.Tree(tree), Token));
            Assert.Equal((40 * (4096L + RecordHeader.Size)) + (4 * RecordHeader.Size) + ((40 + 3) * 32), await store.MeasureAsync([LiveRoot.Tree(tree), LiveRoot.Tree(tree)], Token));
        }

        await using var damaged = await OpenAsync(storage);
        storage.Tamper(Pack(storage), bytes =>
        {
            bytes[PackFormat.HeaderSize + 100] ^= 1;
            return bytes;
        });
        await damaged.VerifyAsync(0, Token);

        Assert.Equal([new MissingRecord(ContentHash.Of(Chunk(0)), RecordKind.Chunk)], await damaged.FindMissingAsync(LiveRoot.Tree(tree), Token));
    }

    // Received again, the record is good, also after a restart, and the damaged copy is swept away.
    private static async Task CheckHealAsync(RecordStore store, InMemoryStorage storage, List<ContentHash> hashes, bool isDense)
    {
        using (var scope = store.BeginScope())
        {
            for (var i = 0; i < hashes.Count; i++)
            {
                await AddAsync(scope, Chunk(i, 4096, isDense));
            }

            await scope.FlushAsync(Token);
        }

        Assert.Equal(0, await CountUnreadableAsync(store, hashes));
        await store.DisposeAsync();
        await using var again = await OpenAsync(storage);
        Assert.Equal(0, await CountUnreadableAsync(again, hashes));
        Assert.Equal(1, again.Generation);
        await again.SweepAsync(Roots(), Token);
        Assert.DoesNotContain(storage.Names, name => name.StartsWith("damaged/", StringComparison.Ordinal));
    }

    private static async Task<int> CountUnreadableAsync(RecordStore store, List<ContentHash> hashes)
    {
        var count = 0;
        foreach (var hash in hashes)
        {
            try
            {
                Assert.Equal(hash, ContentHash.Of(await ReadAsync(store, hash)));
            }
            catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
            {
                count++;
            }
        }

        return count;
    }

    private static string Pack(InMemoryStorage storage) => storage.Names.First(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal));

    private static async Task<List<ContentHash>> FillAsync(InMemoryStorage storage, int count, bool isDense)
    {
        await using var store = await OpenAsync(storage);
        using var scope = store.BeginScope();
        var hashes = new List<ContentHash>();
        for (var i = 0; i < count; i++)
        {
            hashes.Add(await AddAsync(scope, Chunk(i, 4096, isDense)));
        }

        await scope.FlushAsync(Token);
        return hashes;
    }
}
