using DisasterTolerance.Chunking;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class BatchReadTests
{
    private const int Length = 4096;

    [Fact]
    public async Task ReadAsync_Neighbours_CostOneRead()
    {
        var (store, plan, hashes) = await FillAsync(new InMemoryStorage(), 100);
        await using var closing = store;
        var before = plan.CountCalls("Storage.Read");

        await DemandContentsAsync(store, hashes, Enumerable.Range(20, 60));

        Assert.Equal(1, plan.CountCalls("Storage.Read") - before);
    }

    [Fact]
    public async Task ReadAsync_AnyOrderSeveralPacksAndTwice_ReturnsContents()
    {
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var storage = new InMemoryStorage();
        var (store, _, hashes) = await FillAsync(storage, 900);
        await using var closing = store;
        Assert.True(storage.Names.Count(name => name.StartsWith("packs/", StringComparison.Ordinal)) > 2);

        for (var round = 0; round < 20; round++)
        {
            await DemandContentsAsync(store, hashes, Enumerable.Range(0, random.Next(1, 70)).Select(_ => random.Next(hashes.Length)).ToArray(), $"seed {seed}");
        }
    }

    [Fact]
    public async Task ReadAsync_NotDurableYet_IsMadeDurableFirst()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var hash = await AddAsync(scope, Chunk(1));

        await DemandContentsAsync(store, [default, hash], [1]);
    }

    [Fact]
    public async Task ReadAsync_FlippedByteInTheMiddle_NamesTheRecordAndDropsItAlone()
    {
        var storage = new InMemoryStorage();
        var (store, _, hashes) = await FillAsync(storage, 50);
        await using var closing = store;
        var pack = storage.Names.First(name => name.StartsWith("packs/", StringComparison.Ordinal));
        storage.Tamper(pack, content =>
        {
            content[PackFormat.HeaderSize + (20 * (RecordHeader.Size + Length)) + 1000] ^= 1;
            return content;
        });

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => store.ReadAsync(hashes, RecordKind.Chunk, Length, new byte[50 * Length], Token).AsTask());

        Assert.Equal(ErrorCode.DataDamaged, error.Code);
        Assert.Contains(hashes[20].ToString(), error.Message, StringComparison.Ordinal);
        Assert.Equal(-1, store.StoredLength(hashes[20]));
        await DemandContentsAsync(store, hashes, Enumerable.Range(0, 50).Where(i => i != 20));
    }

    [Fact]
    public async Task ReadAsync_MissingOrOfAnotherKindOrLength_Fails()
    {
        var (store, _, hashes) = await FillAsync(new InMemoryStorage(), 3);
        await using var closing = store;

        var missing = await Assert.ThrowsAsync<DisasterToleranceException>(() => ReadAsync([hashes[0], ContentHash.Of([7])], RecordKind.Chunk, Length));
        var kind = await Assert.ThrowsAsync<DisasterToleranceException>(() => ReadAsync([hashes[0]], RecordKind.Node, Length));
        var length = await Assert.ThrowsAsync<DisasterToleranceException>(() => ReadAsync([hashes[0]], RecordKind.Chunk, Length + 1));

        Assert.All([missing, kind, length], error => Assert.Equal(ErrorCode.DataDamaged, error.Code));
        Assert.Contains(ContentHash.Of([7]).ToString(), missing.Message, StringComparison.Ordinal);
        Assert.Contains("4096 bytes instead of 4097", length.Message, StringComparison.Ordinal);

        Task ReadAsync(ContentHash[] wanted, RecordKind kind, int length) => store.ReadAsync(wanted, kind, length, new byte[wanted.Length * length], Token).AsTask();
    }

    [Fact]
    public async Task ReadAsync_PackSweptInBetween_FindsTheRecordsWhereTheyAreNow()
    {
        var storage = new InMemoryStorage();
        var (store, plan, hashes) = await FillAsync(storage, 400);
        await using var closing = store;
        var kept = Enumerable.Range(0, 400).Where(i => i % 5 == 0).ToArray();
        var roots = Roots([.. kept.Select(i => Root(hashes[i]))]);
        var swept = false;
        plan.Add(new Fault
        {
            Operation = "Storage.Read",
            Kind = FaultKind.Action,
            Action = async _ =>
            {
                swept = (await store.SweepAsync(roots, Token)).RewrittenBytes > 0;
            },
        });

        await DemandContentsAsync(store, hashes, kept);

        Assert.True(swept);
    }

    [Fact]
    public async Task ReadAsync_PatchesAmongFullRecords_ReturnsAllContents()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var full = await PatchStore.PutAsync(scope, PatchStore.Version(0));
        var patch = await PatchStore.PutAsync(scope, PatchStore.Version(1), full);
        var other = await PatchStore.PutAsync(scope, PatchStore.Version(2), full);
        await scope.FlushAsync(Token);
        Assert.Equal(full, PatchStore.BaseOf(store, patch));
        var contents = new byte[3 * PatchStore.Bytes];

        await store.ReadAsync(new[] { patch, full, other }, RecordKind.Chunk, PatchStore.Bytes, contents, Token);

        Assert.Equal([.. PatchStore.Version(1), .. PatchStore.Version(0), .. PatchStore.Version(2)], contents);
    }

    [Fact]
    public async Task ReadAsync_StorageFails_ReportsItAndCanBeRepeated()
    {
        var (store, plan, hashes) = await FillAsync(new InMemoryStorage(), 20);
        await using var closing = store;
        plan.Add(new Fault { Operation = "Storage.Read" });

        await Assert.ThrowsAsync<StorageException>(() => store.ReadAsync(hashes, RecordKind.Chunk, Length, new byte[20 * Length], Token).AsTask());

        await DemandContentsAsync(store, hashes, Enumerable.Range(0, 20));
    }

    private static async Task<(RecordStore Store, FaultPlan Plan, ContentHash[] Hashes)> FillAsync(InMemoryStorage storage, int count)
    {
        var plan = new FaultPlan(TimeProvider.System);
        var store = await OpenAsync(FaultyStorage.Wrap(storage, plan));
        using var scope = store.BeginScope();
        var hashes = new ContentHash[count];
        for (var i = 0; i < count; i++)
        {
            hashes[i] = await AddAsync(scope, Chunk(i));
        }

        await scope.FlushAsync(Token);
        return (store, plan, hashes);
    }

    private static async Task DemandContentsAsync(RecordStore store, ContentHash[] hashes, IEnumerable<int> wanted, string? why = null)
    {
        int[] indexes = [.. wanted];
        var contents = new byte[indexes.Length * Length];
        await store.ReadAsync(indexes.Select(i => hashes[i]).ToArray(), RecordKind.Chunk, Length, contents, Token);
        for (var i = 0; i < indexes.Length; i++)
        {
            Assert.True(Chunk(indexes[i]).AsSpan().SequenceEqual(contents.AsSpan(i * Length, Length)), $"record {indexes[i]}, {why}");
        }
    }
}
