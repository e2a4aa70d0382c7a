using DisasterTolerance.Chunking;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class StoreCrashTests
{
    [Fact]
    public async Task OpenAsync_EveryTruncationOfAnOpenPack_KeepsTheWholeRecordsBefore()
    {
        var storage = new InMemoryStorage();
        var store = await OpenAsync(storage);
        using var scope = store.BeginScope();
        var ends = new List<(ContentHash Hash, int End)>();
        for (var i = 0; i < 5; i++)
        {
            var hash = await AddAsync(scope, Chunk(i, 4096, isDense: false));
            ends.Add((hash, (ends.Count == 0 ? PackFormat.HeaderSize : ends[^1].End) + store.StoredLength(hash)));
        }

        await scope.FlushAsync(Token);
        var name = Assert.Single(storage.Names, name => name.StartsWith("packs/", StringComparison.Ordinal));
        var length = storage.Peek(name).Length;
        for (var cut = 0; cut <= length; cut++)
        {
            var copy = storage.Clone();
            copy.Tamper(name, bytes => bytes[..cut]);
            await using var again = await OpenAsync(copy);

            Assert.Equal(ends.Count(end => end.End <= cut), again.RecordCount);
            Assert.All(ends, end => Assert.Equal(end.End <= cut, again.StoredLength(end.Hash) > 0));
            Assert.Empty((await again.VerifyAsync(0, Token)).Damaged);
        }
    }

    [Fact]
    public async Task OpenAsync_DamagedTrailer_ScansThePackAndRaisesTheGeneration()
    {
        var storage = new InMemoryStorage();
        var hashes = await FillAsync(storage, 20);
        var name = storage.Names.First(name => name.StartsWith("packs/", StringComparison.Ordinal));
        storage.Tamper(name, bytes =>
        {
            bytes[^1] ^= 1;
            return bytes;
        });

        await using var store = await OpenAsync(storage);

        Assert.Equal(1, store.Generation);
        foreach (var hash in hashes)
        {
            Assert.Equal(hash, ContentHash.Of(await ReadAsync(store, hash)));
        }
    }

    [Fact]
    public async Task OpenAsync_PackOfALaterVersion_IsRefused()
    {
        var storage = new InMemoryStorage();
        await FillAsync(storage, 1);
        var name = storage.Names.First(name => name.StartsWith("packs/", StringComparison.Ordinal));
        storage.Tamper(name, bytes =>
        {
            bytes[8] = 3;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(44), Crc32C.Of(bytes.AsSpan(0, 44)));
            return bytes;
        });

        Assert.Equal(ErrorCode.FormatVersion, (await Assert.ThrowsAsync<StorageException>(async () => await OpenAsync(storage))).Code);
    }

    [Theory]
    [InlineData("Storage.Append", FaultPoint.Inside)]
    [InlineData("Storage.Append", FaultPoint.Before)]
    [InlineData("Storage.Flush", FaultPoint.Before)]
    [InlineData("Storage.Begin", FaultPoint.After)]
    public async Task FlushAsync_StorageFails_LosesOnlyWhatWasNotAcknowledged(string operation, FaultPoint point)
    {
        var storage = new InMemoryStorage();
        var plan = new FaultPlan(TimeProvider.System);
        await using var store = await OpenAsync(FaultyStorage.Wrap(storage, plan));
        using var first = store.BeginScope();
        if (operation != "Storage.Begin")
        {
            await AddAsync(first, Chunk(1));
            await first.FlushAsync(Token);
        }

        plan.Add(new Fault { Operation = operation, Point = point });
        using var second = store.BeginScope();
        await AddAsync(second, Chunk(2));
        await Assert.ThrowsAsync<StorageException>(async () => await second.FlushAsync(Token));
        plan.VerifyAllFired();

        Assert.Equal(1, store.Generation);
        Assert.Equal(operation == "Storage.Begin" ? -1 : 4096 + RecordHeader.Size, store.StoredLength(ContentHash.Of(Chunk(1))));
        Assert.Equal(-1, store.StoredLength(ContentHash.Of(Chunk(2))));

        // A scope that did not rely on what was lost goes on; so does a new one.
        await AddAsync(first, Chunk(3));
        await first.FlushAsync(Token);
        using var third = store.BeginScope();
        await AddAsync(third, Chunk(2));
        await third.FlushAsync(Token);
        storage.Crash(1);
        await using var again = await OpenAsync(storage);
        Assert.Equal(Chunk(2), await ReadAsync(again, ContentHash.Of(Chunk(2))));
        Assert.Equal(Chunk(3), await ReadAsync(again, ContentHash.Of(Chunk(3))));
        Assert.Equal(1, again.Generation);
    }

    [Fact]
    public async Task FlushAsync_AnotherScopeReliedOnLostRecords_FailsThereToo()
    {
        var plan = new FaultPlan(TimeProvider.System);
        await using var store = await OpenAsync(FaultyStorage.Wrap(new InMemoryStorage(), plan));
        using var writer = store.BeginScope();
        using var holder = store.BeginScope();
        await AddAsync(writer, Chunk(1));
        Assert.True(holder.TryHold(ContentHash.Of(Chunk(1))));

        plan.Add(new Fault { Operation = "Storage.Flush" });
        await Assert.ThrowsAsync<StorageException>(async () => await writer.FlushAsync(Token));

        Assert.True((await Assert.ThrowsAsync<StorageException>(async () => await holder.FlushAsync(Token))).IsTransient);
    }

    [Fact]
    public async Task FlushAsync_CallerGoesAway_OthersAreNotHarmed()
    {
        var plan = new FaultPlan(TimeProvider.System);
        await using var store = await OpenAsync(FaultyStorage.Wrap(new InMemoryStorage(), plan));
        using var scope = store.BeginScope();
        await AddAsync(scope, Chunk(1));
        var reached = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        plan.Add(new Fault
        {
            Operation = "Storage.Flush",
            Kind = FaultKind.Action,
            Action = async _ =>
            {
                reached.SetResult();
                await release.Task;
            },
        });
        using var impatient = new CancellationTokenSource();
        var gone = scope.FlushAsync(impatient.Token).AsTask();
        await reached.Task.WaitAsync(Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);

        release.SetResult();
        await scope.FlushAsync(Token);
        Assert.Equal(0, store.Generation);
    }

    [Fact]
    public async Task RandomOperations_WithCrashes_NeverLoseWhatWasFlushed()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            try
            {
                await new StoreModel(seed).RunAsync(40, Token);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Seed {seed} fails.", error);
            }
        }
    }

    private static async Task<List<ContentHash>> FillAsync(InMemoryStorage storage, int count)
    {
        await using var store = await OpenAsync(storage);
        using var scope = store.BeginScope();
        var hashes = new List<ContentHash>();
        for (var i = 0; i < count; i++)
        {
            hashes.Add(await AddAsync(scope, Chunk(i)));
        }

        await scope.FlushAsync(Token);
        return hashes;
    }
}
