using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.PatchStore;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

/// <summary>What a damaged base does to the patches on it, and what hostile patches are answered.</summary>
public sealed class PatchDamageTests
{
    [Fact]
    public async Task VerifyAsync_BadBase_IsReportedAloneAndHurtsItsPatches()
    {
        var storage = new InMemoryStorage();
        await using var store = await OpenAsync(storage);
        var (old, first, second) = await FillAsync(store);
        Rot(storage, store, old);

        var report = await store.VerifyAsync(0, Token);

        Assert.Equal(old, Assert.Single(report.Damaged).Hash);
        Assert.Equal(
            [new MissingRecord(old, RecordKind.Chunk), new MissingRecord(first, RecordKind.Chunk, old)],
            await store.FindMissingAsync(Root(first), Token));
        Assert.NotEmpty(await store.FindMissingAsync(Root(second), Token));
        using var scope = store.BeginScope();
        Assert.False(scope.TryHold(first));
        var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => ReadAsync(store, first));
        Assert.Equal(ErrorCode.DataDamaged, error.Code);
        Assert.Contains(old.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AppendAsync_LostBaseComesBack_ItsPatchesAreGoodAgain()
    {
        var storage = new InMemoryStorage();
        await using (var store = await OpenAsync(storage))
        {
            var (old, first, second) = await FillAsync(store);
            Rot(storage, store, old);
            await store.VerifyAsync(0, Token);

            using var scope = store.BeginScope();

            // Even with a previous content to patch on: a base is always full.
            await PutAsync(scope, Version(0), await PutAsync(scope, Version(5)));
            await scope.FlushAsync(Token);

            Assert.True(BaseOf(store, old).IsZero);
            Assert.True(scope.TryHold(first));
            Assert.Equal(Version(2), await ReadAsync(store, second));
            Assert.Empty(await store.FindMissingAsync(Root(first), Token));
        }

        await using var again = await OpenAsync(storage);
        Assert.Equal(Version(1), await ReadAsync(again, ContentHash.Of(Version(1))));
        Assert.Empty((await again.VerifyAsync(0, Token)).Damaged);
    }

    [Fact]
    public async Task AppendAsync_PatchWithoutItsBaseComesInFull_IsGoodWithoutIt()
    {
        var storage = new InMemoryStorage();
        await using var store = await OpenAsync(storage);
        var (old, first, second) = await FillAsync(store);
        Rot(storage, store, old);
        await store.VerifyAsync(0, Token);

        using var scope = store.BeginScope();
        await PutAsync(scope, Version(1));

        Assert.Equal(Version(1), await ReadAsync(store, first));
        Assert.Empty(await store.FindMissingAsync(Root(first), Token));
        Assert.NotEmpty(await store.FindMissingAsync(Root(second), Token));
    }

    [Fact]
    public async Task ReadAsync_BaseRotsUnnoticed_IsNeverServedAndTheBaseIsDropped()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var storage = new InMemoryStorage();
            await using var store = await OpenAsync(storage);
            var (old, first, second) = await FillAsync(store);
            var pack = storage.Names.Single(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal));
            var end = PackFormat.HeaderSize + store.StoredLength(old) + store.StoredLength(first) + store.StoredLength(second);
            var at = random.Next(PackFormat.HeaderSize, end);
            storage.Tamper(pack, bytes =>
            {
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            });
            var isBase = at < PackFormat.HeaderSize + store.StoredLength(old);
            if (random.Next(2) == 0)
            {
                await store.VerifyAsync(0, Token);
            }

            var bad = 0;
            for (var i = 0; i < 3; i++)
            {
                try
                {
                    Assert.Equal(Version(i), await ReadAsync(store, ContentHash.Of(Version(i))));
                }
                catch (DisasterToleranceException error) when (error.Code == ErrorCode.DataDamaged)
                {
                    bad++;
                }
            }

            Assert.True(bad == (isBase ? 3 : 1), $"Seed {seed}: {bad} contents were not served.");
            Assert.Equal(2, store.RecordCount);
        }
    }

    [Theory]
    [InlineData("itself")]
    [InlineData("nothing")]
    [InlineData("a patch")]
    [InlineData("a record that is missing")]
    [InlineData("a record of another kind")]
    [InlineData("a good base, too short")]
    [InlineData("a good base, too long")]
    [InlineData("a good base, other content")]
    [InlineData("a good base, no frame")]
    [InlineData("a good base, a manifest")]
    public async Task AppendStoredAsync_HostilePatch_IsRefused(string on)
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        var (old, first, _) = await FillAsync(store);
        using var scope = store.BeginScope();
        var node = Chunk(3, 1024);
        await scope.AppendAsync(RecordKind.Node, ContentHash.Of(node), node, CompressionMode.Off, Token);
        var hash = ContentHash.Of(Version(7));
        var frame = new byte[Bytes];
        Assert.True(ZstdPatchCodec.TryCompress(Version(7), Version(0), frame, out var length));
        var payload = frame.AsSpan(0, length).ToArray();
        var record = on switch
        {
            "itself" => Forge(hash, hash, payload, Bytes),
            "nothing" => Forge(hash, ContentHash.Zero, payload, Bytes),
            "a patch" => Forge(hash, first, payload, Bytes),
            "a record that is missing" => Forge(hash, ContentHash.Of(Version(9)), payload, Bytes),
            "a record of another kind" => Forge(hash, ContentHash.Of(node), payload, Bytes),
            "a good base, too short" => Forge(hash, old, payload, Bytes - 1),
            "a good base, too long" => Forge(hash, old, payload, Bytes + 1),
            "a good base, other content" => Forge(ContentHash.Of(Version(8)), old, payload, Bytes),
            "a good base, no frame" => Forge(hash, old, [1], Bytes),
            _ => Forge(hash, old, payload, Bytes, RecordKind.Manifest),
        };

        var error = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await scope.AppendStoredAsync(record, RecordKind.Chunk, Token));

        Assert.True(error.Code is ErrorCode.DataDamaged or ErrorCode.FormatVersion, error.Message);
        Assert.Equal(4, store.RecordCount);
        Assert.True(scope.TryHold(old));
        Assert.True(scope.TryHold(first));
    }

    [Fact]
    public async Task AppendStoredAsync_AnyByteOfAPatchChanged_IsRefusedOrTheSame()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        var (old, first, _) = await FillAsync(store);
        var record = await StoredAsync(store, first);
        await using var target = await OpenAsync(new InMemoryStorage());
        using var scope = target.BeginScope();
        await PutAsync(scope, Version(0));
        for (var at = 0; at < record.Length; at++)
        {
            for (var isSigned = 0; isSigned < 2; isSigned++)
            {
                var bad = (byte[])record.Clone();
                bad[at] ^= 1;
                if (isSigned == 1 && at >= RecordHeader.Size)
                {
                    // With a checksum that fits, as a hostile peer would send it.
                    bad = Forge(first, new ContentHash(bad.AsSpan(RecordHeader.Size, 32)), bad.AsSpan(RecordHeader.Size + 32), Bytes);
                }

                await Assert.ThrowsAsync<DisasterToleranceException>(async () =>
                {
                    await scope.AppendStoredAsync(bad, RecordKind.Chunk, Token);

                    // A bit that no decoder looks at leaves the content as it is; then the record is as good as the first.
                    Assert.Equal(Version(1), await ReadAsync(target, first));
                    throw new DisasterToleranceException(ErrorCode.DataDamaged, "the same content");
                });
            }
        }

        for (var length = 0; length < record.Length; length++)
        {
            await Assert.ThrowsAsync<DisasterToleranceException>(async () => await scope.AppendStoredAsync(record.AsMemory(0, length), RecordKind.Chunk, Token));
        }
    }

    [Fact]
    public async Task OpenAsync_PackWhoseTrailerCallsAFullRecordAPatch_ServesNothingFalse()
    {
        var storage = new InMemoryStorage();
        ContentHash old, first, second;
        await using (var store = await OpenAsync(storage))
        {
            (old, first, second) = await FillAsync(store);
        }

        // A trailer that lies about its bases: everything must be served as it is, or refused.
        var name = storage.Names.Single(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal));
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var copy = storage.Clone();
            copy.Tamper(name, bytes => TrailerForgery.Forge(bytes, random));
            await using var store = await OpenAsync(copy);
            foreach (var (hash, content) in new[] { (old, Version(0)), (first, Version(1)), (second, Version(2)) })
            {
                try
                {
                    Assert.Equal(content, await ReadAsync(store, hash));
                }
                catch (DisasterToleranceException error)
                {
                    Assert.Equal(ErrorCode.DataDamaged, error.Code);
                }
            }

            await store.VerifyAsync(0, Token);
            await store.SweepAsync(Roots(), Token);
        }
    }

    private static async Task<(ContentHash Old, ContentHash First, ContentHash Second)> FillAsync(RecordStore store)
    {
        using var scope = store.BeginScope();
        var old = await PutAsync(scope, Version(0));
        var first = await PutAsync(scope, Version(1), old);
        var second = await PutAsync(scope, Version(2), first);
        Assert.Equal(old, BaseOf(store, second));
        await scope.FlushAsync(Token);
        return (old, first, second);
    }

    // The base is the first record of the only pack.
    private static void Rot(InMemoryStorage storage, RecordStore store, ContentHash old)
    {
        Assert.True(store.StoredLength(old) > 1000);
        storage.Tamper(storage.Names.Single(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal)), bytes =>
        {
            bytes[PackFormat.HeaderSize + 1000] ^= 1;
            return bytes;
        });
    }
}
