using DisasterTolerance.Catalog;
using DisasterTolerance.Chunking;
using DisasterTolerance.Hypervisors;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Storage;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class SweepTests
{
    [Fact]
    public async Task SweepAsync_NothingLive_DeletesAllPacksAndNeverReusesTheirNames()
    {
        var storage = new InMemoryStorage();
        await using (var store = await OpenAsync(storage))
        {
            await FillAsync(store, 0, 600);
            var report = await store.SweepAsync(Roots(), Token);

            Assert.True(report.IsComplete);
            Assert.Equal(report.PacksBefore, report.PacksDeleted);
            Assert.Equal(0, store.RecordCount);
            Assert.Empty(Packs(storage));
        }

        await using var again = await OpenAsync(storage);
        await FillAsync(again, 0, 1);
        Assert.Equal(PackFormat.NameOf(4), Assert.Single(Packs(storage)));
    }

    [Fact]
    public async Task SweepAsync_FewLiveRecords_AreCopiedAndStayReadable()
    {
        var storage = new InMemoryStorage();
        await using var store = await OpenAsync(storage);
        var hashes = await FillAsync(store, 0, 600);
        var kept = hashes.Where((_, i) => i % 50 == 0).ToArray();
        var before = storage.UsedBytes;

        var report = await store.SweepAsync(Roots([.. kept.Select(Root)]), Token);

        Assert.Equal(kept.Length, store.RecordCount);
        Assert.Equal(kept.Sum(store.StoredLength), report.RewrittenBytes);
        Assert.InRange(storage.UsedBytes, 1, before / 10);
        await using var again = await OpenAsync(storage.Clone());
        foreach (var hash in kept)
        {
            Assert.Equal(hash, ContentHash.Of(await ReadAsync(store, hash)));
            Assert.Equal(hash, ContentHash.Of(await ReadAsync(again, hash)));
        }
    }

    [Fact]
    public async Task SweepAsync_ScopeHoldsOrAppended_KeepsIt()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        var hashes = await FillAsync(store, 0, 300);
        using var scope = store.BeginScope();
        Assert.True(scope.TryHold(hashes[3]));
        var added = await AddAsync(scope, Chunk(1000));

        await store.SweepAsync(Roots(), Token);

        Assert.Equal(2, store.RecordCount);
        Assert.Equal(Chunk(1000), await ReadAsync(store, added));
        Assert.Equal(hashes[3], ContentHash.Of(await ReadAsync(store, hashes[3])));
    }

    [Fact]
    public async Task SweepAsync_ScopeEndsWhileRootsAreRead_KeepsItsRecords()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        await FillAsync(store, 0, 10);
        var scope = store.BeginScope();
        var added = await AddAsync(scope, Chunk(1000));

        await store.SweepAsync(
            _ =>
            {
                // Its catalog row was written after the roots were collected.
                scope.Dispose();
                return ValueTask.FromResult<IReadOnlyCollection<LiveRoot>>([]);
            },
            Token);
        Assert.Equal(Chunk(1000), await ReadAsync(store, added));

        await store.SweepAsync(Roots(), Token);
        Assert.Equal(0, store.RecordCount);
    }

    [Fact]
    public async Task SweepAsync_PinnedRoot_KeepsItUntilTheScopeEnds()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        var hashes = await FillAsync(store, 0, 10);
        var scope = store.BeginScope();
        scope.Pin(Root(hashes[4]));

        await store.SweepAsync(Roots(), Token);
        Assert.Equal(1, store.RecordCount);

        scope.Dispose();
        await store.SweepAsync(Roots(), Token);
        Assert.Equal(0, store.RecordCount);
    }

    [Fact]
    public async Task SweepAsync_ScopeWithPinnedRootEndsWhileRootsAreRead_KeepsTheRoot()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        var hashes = await FillAsync(store, 0, 10);
        var scope = store.BeginScope();
        scope.Pin(Root(hashes[4]));

        // A point that was made from the root was committed behind the listing, and the point of the root was removed before it.
        await store.SweepAsync(
            _ =>
            {
                scope.Dispose();
                return ValueTask.FromResult<IReadOnlyCollection<LiveRoot>>([]);
            },
            Token);

        Assert.Equal(hashes[4], ContentHash.Of(await ReadAsync(store, hashes[4])));
    }

    [Fact]
    public async Task SweepAsync_DamagedPoint_KeepsWhatIsLeftOfItAndFreesTheRest()
    {
        var storage = new InMemoryStorage();
        await using var store = await OpenAsync(storage);
        await FillAsync(store, 0, 300);
        var gone = ContentHash.Of([1]);
        ContentHash left, manifest;
        using (var scope = store.BeginScope())
        {
            left = await AddAsync(scope, Chunk(1000));
            manifest = await scope.CommitManifestAsync(TwoDisks(left, gone), Token);
        }

        var report = await store.SweepAsync(Roots(LiveRoot.Damaged(manifest)), Token);

        Assert.True(report.IsComplete);
        Assert.Equal(Chunk(1000), await ReadAsync(store, left));
        Assert.Equal([gone], (await store.FindMissingAsync(LiveRoot.Manifest(manifest), Token)).Select(missing => missing.Hash));
        Assert.Equal(2, store.RecordCount);
    }

    [Fact]
    public async Task SweepAsync_GoodPointLacksTheSameNodeAsADamagedOne_RemovesNothing()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        await FillAsync(store, 0, 300);
        var gone = ContentHash.Of([1]);
        ContentHash manifest;
        using (var scope = store.BeginScope())
        {
            manifest = await scope.CommitManifestAsync(TwoDisks(ContentHash.Zero, gone), Token);
        }

        var report = await store.SweepAsync(Roots(LiveRoot.Damaged(manifest), LiveRoot.Tree(new DiskTree(gone, 1))), Token);

        Assert.False(report.IsComplete);
        Assert.Equal(301, store.RecordCount);
    }

    [Fact]
    public async Task SweepAsync_NodeMissing_RemovesNothing()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        await FillAsync(store, 0, 300);

        var report = await store.SweepAsync(Roots(LiveRoot.Tree(new DiskTree(ContentHash.Of([1]), 2))), Token);

        Assert.False(report.IsComplete);
        Assert.Equal(new MissingRecord(ContentHash.Of([1]), RecordKind.Node), Assert.Single(report.Missing));
        Assert.Equal(300, store.RecordCount);
    }

    [Fact]
    public async Task SweepAsync_ManySmallPacks_AreMerged()
    {
        var storage = new InMemoryStorage();
        var hashes = new List<ContentHash>();
        for (var i = 0; i < 10; i++)
        {
            await using var part = await OpenAsync(storage);
            hashes.AddRange(await FillAsync(part, i * 10, 10));
        }

        await using var store = await OpenAsync(storage);
        Assert.Equal(10, Packs(storage).Length);
        await store.SweepAsync(Roots([.. hashes.Select(Root)]), Token);

        Assert.Single(Packs(storage));
        Assert.Equal(100, store.RecordCount);
        Assert.Empty((await store.VerifyAsync(0, Token)).Damaged);
    }

    [Fact]
    public async Task SweepAsync_CrashAtAnyCall_LosesNothingLive()
    {
        for (var call = 1; ; call++)
        {
            var storage = new InMemoryStorage();
            var plan = new FaultPlan(TimeProvider.System);
            var store = await OpenAsync(FaultyStorage.Wrap(storage, plan));
            var hashes = await FillAsync(store, 0, 600);
            var kept = hashes.Where((_, i) => i % 40 == 0).ToArray();
            plan.Add(new Fault { Operation = "Storage.*", OnCall = call, Kind = FaultKind.Crash, Point = call % 2 == 0 ? FaultPoint.Before : FaultPoint.After });
            var isCrashed = true;
            try
            {
                var report = await store.SweepAsync(Roots([.. kept.Select(Root)]), Token);
                isCrashed = plan.IsCrashed;
                Assert.True(report.IsComplete || isCrashed);
            }
            catch (Exception error) when (plan.IsCrashed && error is SimulatedCrashException or DisasterToleranceException)
            {
            }

            storage.Crash(call);
            await using var again = await OpenAsync(storage);
            foreach (var hash in kept)
            {
                Assert.Equal(hash, ContentHash.Of(await ReadAsync(again, hash)));
            }

            if (!isCrashed)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task SweepAsync_WithReadersAndWriters_NeverRemovesWhatTheyNeed()
    {
        await using var store = await OpenAsync(new InMemoryStorage());
        var hashes = await FillAsync(store, 0, 800);
        var kept = hashes.Where((_, i) => i % 10 == 0).ToArray();
        var roots = new List<LiveRoot>(kept.Select(Root));
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var readers = Enumerable.Range(0, 2).Select(part => Task.Run(async () =>
        {
            var random = new Random(part);
            while (!done.IsCancellationRequested)
            {
                var hash = kept[random.Next(kept.Length)];
                Assert.Equal(hash, ContentHash.Of(await ReadAsync(store, hash)));
            }
        })).ToArray();
        var writers = Enumerable.Range(0, 2).Select(part => Task.Run(async () =>
        {
            for (var round = 0; round < 60; round++)
            {
                using var scope = store.BeginScope();
                var added = await AddAsync(scope, Chunk(5000 + (round % 7)));
                var held = scope.TryHold(hashes[(part * 17) + round]);
                await scope.FlushAsync(Token);
                Assert.Equal(Chunk(5000 + (round % 7)), await ReadAsync(store, added));
                if (held)
                {
                    Assert.Equal(hashes[(part * 17) + round], ContentHash.Of(await ReadAsync(store, hashes[(part * 17) + round])));
                }
            }
        })).ToArray();

        for (var sweep = 0; sweep < 12; sweep++)
        {
            Assert.True((await store.SweepAsync(Roots([.. roots]), Token)).IsComplete);
        }

        await Task.WhenAll(writers);
        await done.CancelAsync();
        await Task.WhenAll(readers);
        Assert.Empty((await store.VerifyAsync(0, Token)).Damaged);
    }

    private static string[] Packs(InMemoryStorage storage) => [.. storage.Names.Where(name => name.StartsWith(PackFormat.Prefix, StringComparison.Ordinal))];

    /// <summary>A point with a disk of one chunk and a disk whose top node is named.</summary>
    private static PointManifest TwoDisks(ContentHash chunk, ContentHash node)
    {
        var geometry = new ChunkGeometry(4096, 16);
        DiskDefinition one = new("disk0", 4096), ten = new("disk1", 40960);
        return new PointManifest
        {
            Point = Guid.NewGuid(),
            Machine = Guid.NewGuid(),
            Name = "DT-1",
            Began = DateTimeOffset.UnixEpoch,
            Committed = DateTimeOffset.UnixEpoch,
            Origin = Guid.NewGuid(),
            Epoch = 1,
            Sequence = 1,
            Kind = PointKind.Regular,
            Consistency = SnapshotConsistency.Crash,
            Geometry = geometry,
            Definition = new MachineDefinition { Name = "vm", Disks = [one, ten] },
            Disks = [new ManifestDisk(one, new DiskTree(chunk, geometry.DepthOf(1))), new ManifestDisk(ten, new DiskTree(node, geometry.DepthOf(10)))],
        };
    }

    private static async Task<List<ContentHash>> FillAsync(RecordStore store, int first, int count)
    {
        using var scope = store.BeginScope();
        var hashes = new List<ContentHash>();
        for (var i = first; i < first + count; i++)
        {
            hashes.Add(await AddAsync(scope, Chunk(i)));
        }

        await scope.FlushAsync(Token);
        return hashes;
    }
}
