using System.Collections.Concurrent;
using DisasterTolerance.Links;

namespace DisasterTolerance.Tests.Links;

public sealed class LanesTests
{
    [Fact]
    public async Task RunAsync_WhileTheKeyRuns_IsServedByOneMoreRun()
    {
        var gate = new SemaphoreSlim(0);
        var runs = 0;
        var lanes = new Lanes<int>(async (_, token) =>
        {
            Interlocked.Increment(ref runs);
            await gate.WaitAsync(token);
            return true;
        });

        var first = lanes.RunAsync(1, default);
        var later = Enumerable.Range(0, 5).Select(_ => lanes.RunAsync(1, default)).ToList();
        gate.Release();
        Assert.True(await first);
        Assert.All(later, task => Assert.False(task.IsCompleted));
        gate.Release();

        Assert.All(await Task.WhenAll(later), Assert.True);
        Assert.Equal(2, runs);
        await lanes.DrainAsync();
    }

    [Fact]
    public async Task RunAsync_DifferentKeys_RunSideBySide()
    {
        var both = new CountdownEvent(2);
        var lanes = new Lanes<int>(async (_, token) =>
        {
            both.Signal();
            return await Task.Run(() => both.Wait(TimeSpan.FromSeconds(60), token), token);
        });

        Assert.All(await Task.WhenAll(lanes.RunAsync(1, default), lanes.RunAsync(2, default)), Assert.True);
    }

    [Fact]
    public async Task RunAsync_Cancelled_TellsAllThatItFailed()
    {
        using var stop = new CancellationTokenSource();
        var started = new TaskCompletionSource();
        var lanes = new Lanes<int>(async (_, token) =>
        {
            started.TrySetResult();
            await Task.Delay(Timeout.Infinite, token);
            return true;
        });
        var first = lanes.RunAsync(1, stop.Token);
        var second = lanes.RunAsync(1, stop.Token);
        await started.Task;

        await stop.CancelAsync();

        Assert.False(await first);
        Assert.False(await second);
        await lanes.DrainAsync();
    }

    [Fact]
    public async Task RunAsync_ManyCallersOfManyKeys_NeverTwoRunsOfOneKey()
    {
        var running = new ConcurrentDictionary<int, int>();
        var overlaps = 0;
        var lanes = new Lanes<int>(async (key, _) =>
        {
            if (running.AddOrUpdate(key, 1, (_, count) => count + 1) > 1)
            {
                Interlocked.Increment(ref overlaps);
            }

            await Task.Yield();
            running.AddOrUpdate(key, 0, (_, count) => count - 1);
            return true;
        });

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Task.Run(() => lanes.RunAsync(i % 7, default))));

        Assert.Equal(0, overlaps);
        await lanes.DrainAsync();
    }
}
