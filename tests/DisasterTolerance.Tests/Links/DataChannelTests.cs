using DisasterTolerance.Links;
using DisasterTolerance.Testing.Links;

namespace DisasterTolerance.Tests.Links;

public sealed class DataChannelTests
{
    private static readonly Guid Session = Guid.Parse("11111111-2222-3333-4444-555555555555");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Frames_OfAllSizesBothWays_ArriveInOrderAndUnchanged()
    {
        var seed = Random.Shared.Next();
        var served = new TaskCompletionSource<(Guid, Guid)>();
        await using var pair = new LinkPair(secondData: new DataHandler(async (peer, session, channel, token) =>
        {
            while (await channel.ReadAsync(token) is { } frame)
            {
                await channel.WriteAsync(DataFrameType.Ack, frame.Header, frame.Body, token);
                await channel.FlushAsync(token);
            }

            await channel.CompleteAsync(token);
            served.SetResult((peer, session));
        }));
        await pair.UpAsync();
        await using var channel = await pair.First.OpenDataAsync(Session, Token);
        var random = new Random(seed);
        int[] sizes = [0, 1, 65_535, 65_536, LinkLimits.DataPayloadBytes, .. Enumerable.Range(0, 40).Select(_ => random.Next(200_000))];
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < sizes.Length; i++)
            {
                await channel.WriteAsync(DataFrameType.Record, new byte[i == 4 ? LinkLimits.DataHeaderBytes : i], Body(sizes[i], i), Token);
            }

            await channel.CompleteAsync(Token);
        }, Token);
        for (var i = 0; i < sizes.Length; i++)
        {
            var frame = (await channel.ReadAsync(Token))!.Value;
            Assert.True(
                frame.Type == DataFrameType.Ack && frame.Header.Length == (i == 4 ? LinkLimits.DataHeaderBytes : i) && frame.Body.Span.SequenceEqual(Body(sizes[i], i)),
                $"frame {i}, seed {seed}");
        }

        Assert.Null(await channel.ReadAsync(Token));
        await sending;
        Assert.Equal((LinkPair.FirstUuid, Session), await served.Task.WaitAsync(LinkPair.Hang, Token));
        Assert.True(channel.BytesWritten > sizes.Sum(s => (long)s) && channel.BytesRead > sizes.Sum(s => (long)s));
    }

    [Fact]
    public async Task OpenDataAsync_FromTheSideThatDoesNotDialControl_Works()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        await using var channel = await pair.Second.OpenDataAsync(Session, Token);
        var e = await Assert.ThrowsAsync<PeerRefusedException>(async () => await channel.ReadAsync(Token));
        Assert.Equal(ErrorCode.NotFound, e.PeerCode);
        Assert.Contains(Session.ToString(), e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WriteAsync_PeerDoesNotRead_WaitsAndGoesOnWhenItReads()
    {
        var release = new TaskCompletionSource();
        await using var pair = new LinkPair(secondData: new DataHandler(async (_, _, channel, token) =>
        {
            await release.Task;
            while (await channel.ReadAsync(token) is not null)
            {
            }

            await channel.CompleteAsync(token);
        }));
        await pair.UpAsync();
        await using var channel = await pair.First.OpenDataAsync(Session, Token);
        var body = new byte[64 * 1024];
        var written = 0;
        var writing = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                await channel.WriteAsync(DataFrameType.Record, default, body, Token);
                Interlocked.Increment(ref written);
            }

            await channel.CompleteAsync(Token);
        }, Token);

        // What fits: the gathered output of one flush, and the buffers of the simulated network.
        await pair.UntilAsync(() => channel.BytesWritten > 250_000, "nothing moved", TimeSpan.FromMilliseconds(1));
        Assert.InRange(Volatile.Read(ref written), 1, 60);
        release.SetResult();
        await writing.WaitAsync(LinkPair.Hang, Token);
        Assert.Null(await channel.ReadAsync(Token));
    }

    [Fact]
    public async Task WriteAsync_PeerNeverReads_IsLostAfterTheStallTimeout()
    {
        var release = new TaskCompletionSource();
        await using var pair = new LinkPair(secondData: new DataHandler((_, _, _, _) => release.Task));
        await pair.UpAsync();
        await using var channel = await pair.First.OpenDataAsync(Session, Token);
        var writing = Task.Run(async () =>
        {
            while (true)
            {
                await channel.WriteAsync(DataFrameType.Record, default, new byte[64 * 1024], Token);
            }
        }, Token);
        await pair.UntilAsync(() => writing.IsCompleted, "the write did not end", TimeSpan.FromMilliseconds(500));
        var e = await Assert.ThrowsAsync<DisasterToleranceException>(() => writing);
        Assert.Equal((ErrorCode.LinkLost, true), (e.Code, e.IsTransient));
        Assert.Contains("stalled", e.Message, StringComparison.Ordinal);
        release.SetResult();
    }

    [Fact]
    public async Task ReadAsync_PeerIsSlowButAlive_KeepAlivesHoldTheChannel()
    {
        var release = new TaskCompletionSource();
        await using var pair = new LinkPair(secondData: new DataHandler(async (_, _, channel, token) =>
        {
            await release.Task;
            await channel.WriteAsync(DataFrameType.Result, new byte[] { 42 }, default, token);
            await channel.CompleteAsync(token);
        }));
        await pair.UpAsync();
        await using var channel = await pair.First.OpenDataAsync(Session, Token);
        var reading = channel.ReadAsync(Token).AsTask();
        var end = pair.Time.GetUtcNow() + TimeSpan.FromMinutes(2);
        await pair.UntilAsync(() => pair.Time.GetUtcNow() > end, "time stood still", TimeSpan.FromMilliseconds(200));
        Assert.False(reading.IsCompleted);
        release.SetResult();
        Assert.Equal(42, (await reading.WaitAsync(LinkPair.Hang, Token))!.Value.Header.Span[0]);
        await channel.CompleteAsync(Token);
    }

    [Fact]
    public async Task ReadAsync_BlackHole_IsLostAsSilent()
    {
        await using var pair = new LinkPair(secondData: new DataHandler((_, _, channel, token) => channel.ReadAsync(token).AsTask()));
        await pair.UpAsync();
        await using var channel = await pair.First.OpenDataAsync(Session, Token);
        pair.Network.SetBlackHole(LinkDirection.SecondToFirst, true);
        var reading = channel.ReadAsync(Token).AsTask();
        await pair.UntilAsync(() => reading.IsCompleted, "the read did not end", TimeSpan.FromMilliseconds(250));
        var e = await Assert.ThrowsAsync<DisasterToleranceException>(() => reading);
        Assert.Equal(ErrorCode.LinkLost, e.Code);
        Assert.Contains("silent", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(20)]
    [InlineData(5000)]
    [InlineData(200_000)]
    public async Task CutAfter_AnyByte_BothSidesSeeALostLinkAndNoWrongFrame(int bytes)
    {
        var peerEnd = new TaskCompletionSource<Exception?>();
        await using var pair = new LinkPair(secondData: new DataHandler(async (_, _, channel, token) =>
        {
            try
            {
                for (var i = 0; await channel.ReadAsync(token) is { } frame; i++)
                {
                    Assert.True(frame.Body.Span.SequenceEqual(Body(1000, i)), $"frame {i}");
                }

                peerEnd.SetResult(null);
            }
            catch (Exception e)
            {
                peerEnd.SetResult(e);
                throw;
            }
        }));
        await pair.UpAsync();
        await using var channel = await pair.First.OpenDataAsync(Session, Token);
        pair.Network.CutAfter(LinkDirection.FirstToSecond, bytes);
        var e = await Assert.ThrowsAsync<DisasterToleranceException>(async () =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                await channel.WriteAsync(DataFrameType.Record, default, Body(1000, i), Token);
                await channel.FlushAsync(Token);
            }
        });
        Assert.Equal(ErrorCode.LinkLost, e.Code);
        var peerError = Assert.IsType<DisasterToleranceException>(await peerEnd.Task.WaitAsync(LinkPair.Hang, Token));
        Assert.Equal(ErrorCode.LinkLost, peerError.Code);
    }

    [Fact]
    public async Task DisposeAsync_WithoutComplete_PeerSeesALostLink()
    {
        var peerEnd = new TaskCompletionSource<Exception>();
        await using var pair = new LinkPair(secondData: new DataHandler(async (_, _, channel, token) =>
            peerEnd.SetResult(await Assert.ThrowsAsync<DisasterToleranceException>(async () => await channel.ReadAsync(token)))));
        await pair.UpAsync();
        await (await pair.First.OpenDataAsync(Session, Token)).DisposeAsync();
        Assert.Equal(ErrorCode.LinkLost, ((DisasterToleranceException)await peerEnd.Task.WaitAsync(LinkPair.Hang, Token)).Code);
    }

    [Fact]
    public async Task OpenDataAsync_MoreThanAllowed_IsRefusedAsBusy()
    {
        await using var pair = new LinkPair(secondData: new DataHandler((_, _, channel, token) => channel.ReadAsync(token).AsTask()));
        await pair.UpAsync();
        var channels = new List<IDataChannel>();
        for (var i = 0; i < LinkLimits.DataConnections; i++)
        {
            channels.Add(await pair.First.OpenDataAsync(Guid.NewGuid(), Token));
        }

        var e = await Assert.ThrowsAsync<PeerRefusedException>(async () => await pair.First.OpenDataAsync(Session, Token));
        Assert.Equal((ErrorCode.Unavailable, true), (e.PeerCode, e.IsTransient));
        await channels[0].DisposeAsync();
        IDataChannel? again = null;
        await pair.UntilAsync(
            () =>
            {
                again ??= TryOpen(pair).GetAwaiter().GetResult();
                return again is not null;
            },
            "the place did not become free");
        foreach (var channel in channels.Append(again!))
        {
            await channel.DisposeAsync();
        }
    }

    [Fact]
    public async Task SetLimit_TwoChannels_ShareItFairlyAndControlGoesOn()
    {
        const int Rate = 1_000_000;
        await using var pair = new LinkPair(secondData: new DataHandler(async (_, _, channel, token) =>
        {
            while (await channel.ReadAsync(token) is not null)
            {
            }
        }));
        await pair.UpAsync();
        await using var one = await pair.First.OpenDataAsync(Session, Token);
        await using var two = await pair.First.OpenDataAsync(Session, Token);
        pair.First.SetLimit(Rate);
        using var stop = new CancellationTokenSource();
        var writers = new[] { Pour(one, stop.Token), Pour(two, stop.Token) };
        var begin = pair.Time.GetUtcNow();
        var before = pair.First.State.BytesSent;
        await pair.UntilAsync(() => pair.Time.GetUtcNow() - begin >= TimeSpan.FromSeconds(10), "time stood still", TimeSpan.FromMilliseconds(10));
        var seconds = (pair.Time.GetUtcNow() - begin).TotalSeconds;
        Assert.InRange(pair.First.State.BytesSent - before, 0, (long)(seconds * Rate * 1.02));
        Assert.InRange(one.BytesWritten / (double)Math.Max(1, two.BytesWritten), 0.7, 1.4);
        var call = pair.First.CallAsync(LinkPair.Echo, "through", Token).AsTask();
        await pair.UntilAsync(() => call.IsCompleted, "the call did not get through");
        Assert.Equal("second:through", await call);
        pair.First.SetLimit(-1);
        await stop.CancelAsync();
        foreach (var writer in writers)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => writer.WaitAsync(LinkPair.Hang, Token));
        }
    }

    private static async Task<IDataChannel?> TryOpen(LinkPair pair)
    {
        try
        {
            return await pair.First.OpenDataAsync(Session, Token);
        }
        catch (PeerRefusedException)
        {
            return null;
        }
    }

    private static Task Pour(IDataChannel channel, CancellationToken token) => Task.Run(async () =>
    {
        while (true)
        {
            await channel.WriteAsync(DataFrameType.Record, default, new byte[64 * 1024], token);
        }
    }, CancellationToken.None);

    private static byte[] Body(int size, int seed)
    {
        var body = new byte[size];
        new Random(seed).NextBytes(body);
        return body;
    }
}
