using System.Threading.RateLimiting;
using DisasterTolerance.Transport;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Tests.Transport;

public sealed class LinkRateLimiterTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(5);

    private readonly FakeTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1_000)]
    [InlineData(1_000_000)]
    [InlineData(100_000_000)]
    public async Task TakeAsync_OneGreedyCaller_GetsTheRateInAnyTenSeconds(long rate)
    {
        using var limiter = new LinkRateLimiter(rate, _time);
        var taken = await new Greedy(limiter, _time, 1).PassAsync(TimeSpan.FromSeconds(20));
        for (var from = 0; from + 2000 < taken.Count; from += 100)
        {
            Assert.InRange(taken[from + 2000].Sum() - taken[from].Sum(), rate * 10 * 0.98, rate * 10 * 1.02);
        }
    }

    [Fact]
    public async Task TakeAsync_ThreeGreedyCallers_ShareEqually()
    {
        using var limiter = new LinkRateLimiter(1_000_000, _time);
        var taken = await new Greedy(limiter, _time, 3).PassAsync(TimeSpan.FromSeconds(10));
        Assert.All(taken[^1], bytes => Assert.InRange(bytes, 3_200_000, 3_500_000));
    }

    [Theory]
    [InlineData(10_000_000, 100_000)]
    [InlineData(100_000, 10_000_000)]
    [InlineData(100, 10_000_000)]
    public async Task SetLimit_WhileCallersWait_HoldsWithinASecond(long before, long after)
    {
        using var limiter = new LinkRateLimiter(before, _time);
        var caller = new Greedy(limiter, _time, 1);
        await caller.PassAsync(TimeSpan.FromSeconds(5));
        limiter.SetLimit(after);
        await caller.PassAsync(TimeSpan.FromSeconds(1));
        var then = caller.Taken[0];
        await caller.PassAsync(TimeSpan.FromSeconds(10));
        Assert.InRange(caller.Taken[0] - then, after * 10 * 0.98, after * 10 * 1.02);
    }

    [Fact]
    public async Task SetLimit_ToUnlimited_ReleasesAllWaiters()
    {
        using var limiter = new LinkRateLimiter(1, _time);
        while (await limiter.TakeAsync(1, Token) == 1 && limiter.GetStatistics()!.CurrentAvailablePermits > 0)
        {
        }

        var waiters = Enumerable.Range(0, 10).Select(_ => limiter.TakeAsync(1_000_000, Token).AsTask()).ToArray();
        Assert.DoesNotContain(waiters, w => w.IsCompleted);
        limiter.SetLimit(-1);
        Assert.All(await Task.WhenAll(waiters).WaitAsync(TimeSpan.FromSeconds(30), Token), granted => Assert.Equal(1_000_000, granted));
    }

    [Fact]
    public async Task TakeAsync_Cancelled_LeavesTheQueueAndTakesNothing()
    {
        using var limiter = new LinkRateLimiter(1000, _time);
        while (limiter.AttemptAcquire(50).IsAcquired)
        {
        }

        using var cancel = new CancellationTokenSource();
        var first = limiter.TakeAsync(50, cancel.Token).AsTask();
        var second = limiter.TakeAsync(50, Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(50, await second.WaitAsync(TimeSpan.FromSeconds(30), Token));
    }

    [Fact]
    public async Task Dispose_WhileCallersWait_TheyFail()
    {
        var limiter = new LinkRateLimiter(1, _time);
        _ = await limiter.TakeAsync(1, Token);
        var waiter = limiter.TakeAsync(1, Token).AsTask();
        limiter.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiter);
    }

    [Fact]
    public async Task AcquireAsync_MoreThanAPiece_IsGivenInPieces()
    {
        using var limiter = new LinkRateLimiter(1000, _time);
        var lease = ((RateLimiter)limiter).AcquireAsync(1000, Token).AsTask();
        using var hang = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var begin = _time.GetUtcNow();
        while (!lease.IsCompleted)
        {
            Assert.False(hang.IsCancellationRequested, "the lease was not given");
            await Task.Delay(1, Token);
            _time.Advance(Step);
        }

        Assert.True((await lease).IsAcquired);
        Assert.True(_time.GetUtcNow() - begin > TimeSpan.FromMilliseconds(800), "the lease was given before its bytes");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void SetLimit_NotALimit_Throws(long rate)
    {
        using var limiter = new LinkRateLimiter(-1, _time);
        Assert.Throws<ArgumentOutOfRangeException>(() => limiter.SetLimit(rate));
    }

    /// <summary>Callers that take again as soon as they got something. All of them wait for the clock whenever it is moved.</summary>
    private sealed class Greedy(LinkRateLimiter limiter, FakeTimeProvider time, int callers)
    {
        private const int Wanted = 64 * 1024;

        private readonly Task<int>[] _waiting = [.. Enumerable.Range(0, callers).Select(_ => limiter.TakeAsync(Wanted, Token).AsTask())];

        public long[] Taken { get; } = new long[callers];

        public async Task<List<long[]>> PassAsync(TimeSpan span)
        {
            var samples = new List<long[]>();
            for (var passed = TimeSpan.Zero; passed < span; passed += Step)
            {
                await RestAsync();
                time.Advance(Step);
                await RestAsync();
                samples.Add([.. Taken]);
            }

            return samples;
        }

        private async Task RestAsync()
        {
            while (limiter.GetStatistics()!.CurrentQueuedCount < (long)callers * Wanted)
            {
                var served = Array.IndexOf(_waiting, await Task.WhenAny(_waiting));
                Taken[served] += await _waiting[served];
                _waiting[served] = limiter.TakeAsync(Wanted, Token).AsTask();
            }
        }
    }
}
