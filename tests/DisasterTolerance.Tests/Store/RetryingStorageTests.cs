using DisasterTolerance.Storage;
using DisasterTolerance.Testing.Faults;
using DisasterTolerance.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using static DisasterTolerance.Store.TestStore;

namespace DisasterTolerance.Store;

public sealed class RetryingStorageTests
{
    private readonly FakeTimeProvider _time = new() { AutoAdvanceAmount = TimeSpan.Zero };
    private readonly InMemoryStorage _inner = new();
    private readonly FaultPlan _plan;
    private readonly IStorageProvider _storage;

    public RetryingStorageTests()
    {
        _plan = new FaultPlan(_time);
        _storage = RetryingStorage.Wrap(FaultyStorage.Wrap(_inner, _plan), _time, NullLogger.Instance);
    }

    [Theory]
    [InlineData(FaultPoint.Before)]
    [InlineData(FaultPoint.After)]
    public async Task PutAsync_TransientErrors_SucceedsWithTheWholeContent(FaultPoint point)
    {
        _plan.Add(new Fault { Operation = "Storage.Put", Point = point, Times = point == FaultPoint.Before ? 3 : 1 });
        using var content = new MemoryStream([1, 2, 3]);

        await DriveAsync(_storage.PutAsync("a", content, Token).AsTask());

        Assert.Equal([1, 2, 3], _inner.Peek("a"));
        _plan.VerifyAllFired();
    }

    [Fact]
    public async Task ReadAsync_ErrorThatStays_IsReportedAfterFourTries()
    {
        _plan.Add(new Fault { Operation = "Storage.Read", Times = int.MaxValue });

        await Assert.ThrowsAsync<StorageException>(() => DriveAsync(_storage.ReadAsync("a", 0, new byte[1], Token).AsTask()));

        Assert.Equal(4, _plan.CountCalls("Storage.Read"));
    }

    [Fact]
    public async Task ReadAsync_PermanentError_IsReportedAtOnce()
    {
        await Assert.ThrowsAsync<StorageException>(() => _storage.ReadAsync("a", 0, new byte[1], Token).AsTask());

        Assert.Equal(1, _plan.CountCalls("Storage.Read"));
    }

    [Fact]
    public void Wrap_StorageThatAppends_KeepsAppending() => Assert.IsType<IAppendStorage>(_storage, exactMatch: false);

    private async Task DriveAsync(Task call)
    {
        while (!call.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await call;
    }
}
