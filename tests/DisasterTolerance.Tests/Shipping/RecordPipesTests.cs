using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Shipping;
using DisasterTolerance.Store;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Storage;
using DisasterTolerance.Tests.Buffers;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Tests.Shipping;

/// <summary>The two ends of a session's records: read ahead at the sender, verified beside each other at the receiver.</summary>
public sealed class RecordPipesTests
{
    private readonly CountingPool _pool = new();

    [Fact]
    public async Task ReadAheadAndIntake_ManyRecords_ArriveInOrder()
    {
        var (source, hashes, _) = await FillAsync(300);
        await using var closing = source;
        await using var target = await OpenAsync(new InMemoryStorage());
        using var scope = target.BeginScope();
        List<ContentHash> taken = [];
        await using (var ahead = new RecordReadAhead(source, TaskScheduler.Default, hashes, _pool))
        await using (var intake = new RecordIntake(scope, TaskScheduler.Default, _pool))
        {
            for (var i = 0; i < hashes.Length; i++)
            {
                var record = await ahead.GetAsync(i, Token);
                while (intake.IsFullFor(record.Length))
                {
                    taken.Add((await intake.TakeAsync()).Added.Hash);
                }

                intake.Add(record, Token);
            }

            while (!intake.IsEmpty)
            {
                taken.Add((await intake.TakeAsync()).Added.Hash);
            }
        }

        await scope.FlushAsync(Token);
        Assert.Equal(hashes, taken);
        Assert.Equal(0, _pool.Outstanding);
        Assert.Equal(Chunk(299, 65536), await ReadAsync(target, hashes[299]));
    }

    [Fact]
    public async Task Intake_NothingTaken_IsFullAtAFewMegabytes()
    {
        await using var target = await OpenAsync(new InMemoryStorage());
        using var scope = target.BeginScope();
        await using var intake = new RecordIntake(scope, TaskScheduler.Default, _pool);
        var record = Record(1);
        Assert.False(intake.IsFullFor(100 << 20));

        var added = 0;
        for (; !intake.IsFullFor(record.Length); added++)
        {
            intake.Add(record, Token);
        }

        Assert.Equal((4 << 20) / record.Length, added);
    }

    [Fact]
    public async Task Intake_FlippedByte_FailsItsRecordOnlyAndGivesAllBuffersBack()
    {
        await using var target = await OpenAsync(new InMemoryStorage());
        using var scope = target.BeginScope();
        await using (var intake = new RecordIntake(scope, TaskScheduler.Default, _pool))
        {
            var damaged = Record(2);
            damaged[^1] ^= 1;
            intake.Add(Record(1), Token);
            intake.Add(damaged, Token);
            intake.Add(Record(3), Token);

            Assert.Equal(ContentHash.Of(Chunk(1, 65536)), (await intake.TakeAsync()).Added.Hash);
            var error = await Assert.ThrowsAsync<DisasterToleranceException>(() => intake.TakeAsync().AsTask());
            Assert.Equal(ErrorCode.DataDamaged, error.Code);
        }

        Assert.Equal(0, _pool.Outstanding);
        Assert.Equal(-1, target.StoredLength(ContentHash.Of(Chunk(2, 65536))));
    }

    [Fact]
    public async Task Intake_CallersBufferUsedAgain_StoresWhatWasAdded()
    {
        await using var target = await OpenAsync(new InMemoryStorage());
        using var scope = target.BeginScope();
        await using var intake = new RecordIntake(scope, TaskScheduler.Default, _pool);
        var buffer = Record(1);

        intake.Add(buffer, Token);
        buffer.AsSpan().Clear();

        Assert.Equal(ContentHash.Of(Chunk(1, 65536)), (await intake.TakeAsync()).Added.Hash);
    }

    [Fact]
    public async Task ReadAhead_StorageFailsInTheMiddle_TellsItsErrorAndGivesAllBuffersBack()
    {
        var (source, hashes, plan) = await FillAsync(100);
        await using var closing = source;
        plan.Add(new Fault { Operation = "Storage.Read", OnCall = 3 });
        await using (var ahead = new RecordReadAhead(source, TaskScheduler.Default, hashes, _pool))
        {
            await Assert.ThrowsAsync<StorageException>(async () =>
            {
                for (var i = 0; i < hashes.Length; i++)
                {
                    await ahead.GetAsync(i, Token);
                }
            });
        }

        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public async Task ReadAhead_RecordThatIsGone_ComesEmptyAndOthersCome()
    {
        var (source, hashes, _) = await FillAsync(20);
        await using var closing = source;
        hashes[7] = ContentHash.Of([1]);
        await using var ahead = new RecordReadAhead(source, TaskScheduler.Default, hashes, _pool);

        for (var i = 0; i < hashes.Length; i++)
        {
            Assert.Equal(i == 7, (await ahead.GetAsync(i, Token)).IsEmpty);
        }
    }

    private static byte[] Record(int seed)
    {
        var content = Chunk(seed, 65536);
        var record = new byte[RecordFormat.MaxLength(content.Length)];
        return record[..RecordFormat.Encode(RecordKind.Chunk, ContentHash.Of(content), content, CompressionMode.Off, record)];
    }

    private static async Task<(RecordStore Store, ContentHash[] Hashes, FaultPlan Plan)> FillAsync(int count)
    {
        var plan = new FaultPlan(TimeProvider.System);
        var store = await OpenAsync(FaultyStorage.Wrap(new InMemoryStorage(), plan), new StoreOptions());
        using var scope = store.BeginScope();
        var hashes = new ContentHash[count];
        for (var i = 0; i < count; i++)
        {
            hashes[i] = await AddAsync(scope, Chunk(i, 65536));
        }

        await scope.FlushAsync(Token);
        return (store, hashes, plan);
    }
}
