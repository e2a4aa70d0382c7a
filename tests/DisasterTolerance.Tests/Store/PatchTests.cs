using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.PatchStore;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

/// <summary>Patch records in a store: docs/storage-format.md, section 2.</summary>
public sealed class PatchTests
{
    [Fact]
    public async Task AppendAsync_ChunkThatChangedLittle_IsStoredAsAPatch()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var old = await PutAsync(scope, Version(0));

        var changed = await PutAsync(scope, Version(1), old);

        Assert.InRange(store.StoredLength(changed), 1, 400);
        Assert.Equal(store.StoredLength(old) + store.StoredLength(changed), scope.AddedBytes);
        Assert.Equal(old, BaseOf(store, changed));
        Assert.Equal(Version(1), await ReadAsync(store, changed));
    }

    [Fact]
    public async Task AppendAsync_ChangeUponChange_AllArePatchesOnTheFirst()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var first = await PutAsync(scope, Version(0));
        var previous = first;
        for (var i = 1; i < 20; i++)
        {
            previous = await PutAsync(scope, Version(i), previous);

            Assert.Equal(first, BaseOf(store, previous));
            Assert.Equal(Version(i), await ReadAsync(store, previous));
        }
    }

    [Fact]
    public async Task AppendAsync_ChangesPileUp_AreWrittenInFullAgainAndBecomeTheNextBase()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var content = Version(0);
        var previous = await PutAsync(scope, content);
        HashSet<ContentHash> bases = [];
        for (var i = 1; i < 40; i++)
        {
            content = (byte[])content.Clone();
            new Random(i).NextBytes(content.AsSpan(i % 16 * 1024, 1024));
            previous = await PutAsync(scope, content, previous);
            bases.Add(BaseOf(store, previous));
            Assert.Equal(content, await ReadAsync(store, previous));
        }

        // Some are full (no base), and patches came upon more than one base.
        Assert.Contains(ContentHash.Zero, bases);
        Assert.InRange(bases.Count, 3, 20);
    }

    [Theory]
    [InlineData("other content")]
    [InlineData("no previous")]
    [InlineData("previous is not held")]
    [InlineData("previous is of another kind")]
    [InlineData("compression is off")]
    [InlineData("patches are off")]
    public async Task AppendAsync_NothingToPatchOn_IsStoredInFull(string why)
    {
        await using var store = await OpenAsync(new InMemoryStorage(), new StoreOptions { Patches = why != "patches are off" });
        using var scope = store.BeginScope();
        var old = await PutAsync(scope, Version(0));
        var content = why == "other content" ? Chunk(77, Bytes) : Version(1);
        var previous = why switch
        {
            "no previous" => ContentHash.Zero,
            "previous is not held" => ContentHash.Of(Version(9)),
            _ => old,
        };
        var kind = why == "previous is of another kind" ? RecordKind.Node : RecordKind.Chunk;
        var hash = ContentHash.Of(content);

        await scope.AppendAsync(kind, hash, content, previous, why == "compression is off" ? CompressionMode.Off : CompressionMode.On, Token);

        Assert.True(BaseOf(store, hash).IsZero);
        Assert.Equal(content, await ReadAsync(store, hash, kind));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OpenAsync_PacksWithPatches_KnowsTheirBases(bool isCrash)
    {
        var storage = new InMemoryStorage();
        var store = await OpenAsync(storage);
        using var scope = store.BeginScope();
        var old = await PutAsync(scope, Version(0));
        var changed = await PutAsync(scope, Version(1), old);
        await scope.FlushAsync(Token);
        if (isCrash)
        {
            storage.Crash(1);
        }
        else
        {
            await store.DisposeAsync();
        }

        await using var again = await OpenAsync(storage);

        Assert.Equal(old, BaseOf(again, changed));
        Assert.Equal(Version(1), await ReadAsync(again, changed));
        using var other = again.BeginScope();
        Assert.Equal(old, BaseOf(again, await PutAsync(other, Version(2), changed)));
    }

    [Fact]
    public async Task ReadFullAsync_Patch_IsARecordThatNeedsNoBase()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        await using var target = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        var changed = await PutAsync(scope, Version(1), await PutAsync(scope, Version(0)));
        var record = new byte[RecordFormat.MaxLength(Bytes)];

        var length = await store.ReadFullAsync(changed, record, Token);
        using var to = target.BeginScope();
        await to.AppendStoredAsync(record.AsMemory(0, length), RecordKind.Chunk, Token);

        Assert.Equal(Version(1), await ReadAsync(target, changed));
        Assert.True(BaseOf(target, changed).IsZero);
    }

    [Fact]
    public async Task AppendStoredAsync_PatchOnABaseHeldFull_IsTakenAsItLies()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        await using var target = await OpenAsync(new InMemoryStorage());
        using var scope = store.BeginScope();
        using var to = target.BeginScope();
        var old = await PutAsync(scope, Version(0));
        await PutAsync(to, Version(0));
        var changed = await PutAsync(scope, Version(1), old);

        await to.AppendStoredAsync(await StoredAsync(store, changed), RecordKind.Chunk, Token);

        Assert.Equal(old, BaseOf(target, changed));
        Assert.Equal(await StoredAsync(store, changed), await StoredAsync(target, changed));
        Assert.Equal(Version(1), await ReadAsync(target, changed));
    }

    [Fact]
    public async Task SweepAsync_PatchIsLive_KeepsAndMovesItsBase()
    {
        var storage = new InMemoryStorage();
        await using var store = await OpenAsync(storage);
        ContentHash old, changed;
        using (var scope = store.BeginScope())
        {
            old = await PutAsync(scope, Version(0));
            for (var i = 0; i < 30; i++)
            {
                await PutAsync(scope, Chunk(i, Bytes));
            }

            changed = await PutAsync(scope, Version(1), old);
            await scope.FlushAsync(Token);
        }

        var report = await store.SweepAsync(Roots(Root(changed)), Token);

        Assert.Equal(store.StoredLength(old) + store.StoredLength(changed), report.LiveBytes);
        Assert.Equal(2, store.RecordCount);
        Assert.Equal(Version(1), await ReadAsync(store, changed));
        await store.SweepAsync(Roots(), Token);
        Assert.Equal(0, store.RecordCount);
    }

    [Fact]
    public async Task SweepAsync_PatchIsHeldByAScope_KeepsItsBase()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        ContentHash changed;
        using (var scope = store.BeginScope())
        {
            changed = await PutAsync(scope, Version(1), await PutAsync(scope, Version(0)));
            await scope.FlushAsync(Token);
        }

        using (var scope = store.BeginScope())
        {
            Assert.True(scope.TryHold(changed));
            await store.SweepAsync(Roots(), Token);
            Assert.Equal(Version(1), await ReadAsync(store, changed));
        }

        await store.SweepAsync(Roots(), Token);
        Assert.Equal(0, store.RecordCount);
    }

    [Fact]
    public async Task SweepAsync_BaseIsGarbageAndThePatchIsDead_LeavesNothingThatVerifiesBadly()
    {
        await using var store = await OpenAsync(new InMemoryStorage(), new StoreOptions { PackBytes = 1 << 20, RewriteBelowLiveShare = 0 });
        ContentHash old, changed, live;
        using (var scope = store.BeginScope())
        {
            old = await PutAsync(scope, Version(0));
            await scope.FlushAsync(Token);
            await store.SweepAsync(Roots(Root(old)), Token);
            changed = await PutAsync(scope, Version(1), old);
            live = await PutAsync(scope, Chunk(5, Bytes));
            await scope.FlushAsync(Token);
        }

        await store.SweepAsync(Roots(Root(live)), Token);

        Assert.Equal(-1, store.StoredLength(old));
        Assert.True(store.StoredLength(changed) > 0);
        Assert.Empty((await store.VerifyAsync(0, Token)).Damaged);
        using var again = store.BeginScope();
        Assert.False(again.TryHold(changed));
        await PutAsync(again, Version(1));
        Assert.True(again.TryHold(changed));
        Assert.Equal(Version(1), await ReadAsync(store, changed));
    }
}
