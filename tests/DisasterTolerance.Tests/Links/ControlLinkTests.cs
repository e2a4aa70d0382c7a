using DisasterTolerance.Links;
using DisasterTolerance.Testing.Links;

namespace DisasterTolerance.Tests.Links;

public sealed class ControlLinkTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CallAsync_FromBothSides_IsAnswered()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        Assert.Equal("second:hi", await pair.First.CallAsync(LinkPair.Echo, "hi", Token));
        Assert.Equal("first:hi", await pair.Second.CallAsync(LinkPair.Echo, "hi", Token));
    }

    [Fact]
    public async Task State_AfterHandshake_HoldsThePeersFacts()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        await pair.UntilAsync(() => pair.First.State.RoundTrip is not null && pair.Second.State.RoundTrip is not null, "no heartbeat came back");
        var state = pair.First.State;
        Assert.Equal((LinkPair.SecondUuid, 7L, LinkPair.SecondUuid), (state.PeerStoreId, state.PeerStoreGeneration, state.PeerCatalogId));
        Assert.Equal((ProtocolVersions.Ours.Max, "second", ErrorCode.None, ""), (state.Version, state.AnnouncedName, state.Code, state.Reason));
        Assert.True(state.BytesSent > 0 && state.BytesReceived > 0);
        Assert.True(state.ClockSkew!.Value.Duration() < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task CallAsync_ManyAtOnceWithLargeBodies_AnswersDoNotMix()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        var calls = Enumerable.Range(0, 100).Select(async i =>
        {
            var text = new string((char)('a' + i % 26), 1 + i * 3000) + i;
            var link = i % 2 == 0 ? pair.First : pair.Second;
            return await link.CallAsync(LinkPair.Echo, text, Token) == (i % 2 == 0 ? "second:" : "first:") + text;
        });
        Assert.All(await Task.WhenAll(calls).WaitAsync(LinkPair.Hang, Token), Assert.True);
    }

    [Fact]
    public async Task CallAsync_HandlerThrowsOurs_CodeMessageAndTransienceAreCarriedOver()
    {
        await using var pair = new LinkPair();
        var method = LinkPair.Echo with { Name = "test.full" };
        pair.SecondDispatcher.Map<string, string>(method, (_, _, _) => throw new DisasterToleranceException(ErrorCode.StorageFull, "Store 'x' is full.", isTransient: true));
        await pair.UpAsync();
        var e = await Assert.ThrowsAsync<PeerRefusedException>(async () => await pair.First.CallAsync(method, "", Token));
        Assert.Equal((ErrorCode.PeerRefused, ErrorCode.StorageFull, "Store 'x' is full.", true, LinkPair.SecondUuid), (e.Code, e.PeerCode, e.Message, e.IsTransient, e.Peer));
    }

    [Fact]
    public async Task CallAsync_HandlerThrowsOther_DetailsStayAtThePeer()
    {
        await using var pair = new LinkPair();
        var method = LinkPair.Echo with { Name = "test.bug" };
        pair.SecondDispatcher.Map<string, string>(method, (_, _, _) => throw new InvalidOperationException("/secret/path"));
        await pair.UpAsync();
        var e = await Assert.ThrowsAsync<PeerRefusedException>(async () => await pair.First.CallAsync(method, "", Token));
        Assert.Equal(ErrorCode.Unavailable, e.PeerCode);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CallAsync_UnknownMethod_IsNotFound()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        var e = await Assert.ThrowsAsync<PeerRefusedException>(async () => await pair.First.CallAsync(LinkPair.Echo with { Name = "test.none" }, "", Token));
        Assert.Equal(ErrorCode.NotFound, e.PeerCode);
    }

    [Fact]
    public async Task CallAsync_CallerCancels_HandlerIsCancelledToo()
    {
        await using var pair = new LinkPair();
        var (method, began, ended) = MapEndless(pair);
        await pair.UpAsync();
        using var cancel = new CancellationTokenSource();
        var call = pair.First.CallAsync(method, "", cancel.Token).AsTask();
        await began.Task.WaitAsync(LinkPair.Hang, Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(LinkPair.Hang, Token));
        await ended.Task.WaitAsync(LinkPair.Hang, Token);
    }

    [Fact]
    public async Task CallAsync_NoAnswerInTime_StallsAndHandlerIsCancelled()
    {
        await using var pair = new LinkPair();
        var (method, _, ended) = MapEndless(pair);
        await pair.UpAsync();
        var call = pair.First.CallAsync(method with { Timeout = TimeSpan.FromSeconds(3) }, "", Token).AsTask();
        await pair.UntilAsync(() => call.IsCompleted, "the call did not end");
        var e = await Assert.ThrowsAsync<DisasterToleranceException>(() => call);
        Assert.Equal((ErrorCode.Stalled, true), (e.Code, e.IsTransient));
        await ended.Task.WaitAsync(LinkPair.Hang, Token);
        Assert.True(pair.First.State.IsUp);
    }

    [Fact]
    public async Task Cut_DuringACall_CallIsLostAndTheLinkComesBack()
    {
        await using var pair = new LinkPair();
        var (method, began, ended) = MapEndless(pair);
        await pair.UpAsync();
        var reasons = new List<PeerState>();
        pair.First.StateChanged += (_, state) => reasons.Add(state);
        var call = pair.First.CallAsync(method, "", Token).AsTask();
        await began.Task.WaitAsync(LinkPair.Hang, Token);
        pair.Network.Cut();
        var e = await Assert.ThrowsAsync<DisasterToleranceException>(() => call.WaitAsync(LinkPair.Hang, Token));
        Assert.Equal((ErrorCode.LinkLost, true), (e.Code, e.IsTransient));
        await ended.Task.WaitAsync(LinkPair.Hang, Token);
        await pair.UntilAsync(() => reasons.Count >= 2 && pair.Second.State.IsUp, "the link did not come back");
        Assert.Equal([false, true], reasons.Select(r => r.IsUp));
        Assert.Equal("second:again", await pair.First.CallAsync(LinkPair.Echo, "again", Token));
    }

    [Fact]
    public async Task CallAsync_WhileDown_IsUnreachableAtOnce()
    {
        await using var pair = new LinkPair();
        pair.Network.RefusesConnections = true;
        await pair.StartAsync();
        await pair.UntilAsync(() => pair.First.State.Code == ErrorCode.PeerUnreachable, "the refusal was not noted");
        foreach (var link in new[] { pair.First, pair.Second })
        {
            var e = await Assert.ThrowsAsync<DisasterToleranceException>(async () => await link.CallAsync(LinkPair.Echo, "", Token));
            Assert.Equal((ErrorCode.PeerUnreachable, true), (e.Code, e.IsTransient));
        }
    }

    [Fact]
    public async Task BlackHole_BothSidesGoDownAsSilentAndComeBack()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        pair.Network.SetBlackHole(LinkDirection.FirstToSecond, true);
        pair.Network.SetBlackHole(LinkDirection.SecondToFirst, true);
        var begin = pair.Time.GetUtcNow();
        await pair.UntilAsync(() => !pair.First.State.IsUp && !pair.Second.State.IsUp, "the silence was not noted", TimeSpan.FromMilliseconds(250));
        Assert.InRange(pair.Time.GetUtcNow() - begin, TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(40));
        Assert.Contains("silent", pair.Second.State.Reason, StringComparison.Ordinal);
        pair.Network.Repair();
        await pair.UntilAsync(() => pair.First.State.IsUp && pair.Second.State.IsUp, "the link did not come back");
    }

    [Fact]
    public async Task Idle_ForAnHour_StaysUp()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        var since = pair.First.State.Since;
        for (var i = 0; i < 1800; i++)
        {
            pair.Time.Advance(TimeSpan.FromSeconds(2));
            var stamp = pair.Second.State.BytesReceived;
            await pair.UntilAsync(() => i % 3 != 0 || pair.Second.State.BytesReceived > stamp, "no heartbeat came", TimeSpan.FromMilliseconds(100));
        }

        Assert.True(pair.First.State.IsUp);
        Assert.Equal(since, pair.First.State.Since);
    }

    [Fact]
    public async Task FlippedBit_ClosesTheConnectionWithAReason()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        var reasons = new List<PeerState>();
        pair.Second.StateChanged += (_, state) => reasons.Add(state);
        pair.Network.FlipBitAfter(LinkDirection.FirstToSecond, 30);
        var call = pair.First.CallAsync(LinkPair.Echo, new string('x', 100), Token).AsTask();
        await Assert.ThrowsAsync<DisasterToleranceException>(() => call.WaitAsync(LinkPair.Hang, Token));
        await pair.UntilAsync(() => reasons.Count >= 2, "the link did not come back");
        Assert.Equal(ErrorCode.ProtocolViolation, reasons[0].Code);
    }

    [Fact]
    public async Task Start_NoCommonVersion_BothSidesSayWhy()
    {
        await using var pair = new LinkPair(secondVersions: new ProtocolVersions(ProtocolVersions.Ours.Max + 1, ProtocolVersions.Ours.Max + 2));
        await pair.StartAsync();
        await pair.UntilAsync(() => pair.First.State.Code == ErrorCode.ProtocolVersion && pair.Second.State.Code == ErrorCode.ProtocolVersion, "no reason was noted");
        Assert.Contains("3 to 4", pair.First.State.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NextVersionSpeaksOursToo_LinkComesUp()
    {
        await using var pair = new LinkPair(secondVersions: new ProtocolVersions(ProtocolVersions.Ours.Max, ProtocolVersions.Ours.Max + 1));
        await pair.UpAsync();
        Assert.Equal((ProtocolVersions.Ours.Max, ProtocolVersions.Ours.Max), (pair.First.State.Version, pair.Second.State.Version));
    }

    [Fact]
    public async Task Start_KeyOfAnotherSite_SaysSo()
    {
        await using var pair = new LinkPair(secondClaims: Guid.Parse("00000000-0000-0000-0000-0000000000ff"));
        await pair.StartAsync();
        await pair.UntilAsync(() => pair.First.State.Code == ErrorCode.PeerKeyMismatch, "no reason was noted");
    }

    [Fact]
    public async Task Stop_OneSide_OtherSideKnowsWhy()
    {
        await using var pair = new LinkPair();
        await pair.UpAsync();
        var stopping = pair.SecondHost.StopAsync(Token);
        await pair.UntilAsync(() => stopping.IsCompleted && !pair.First.State.IsUp, "the goodbye was not noted");
        Assert.Equal(ErrorCode.PeerUnreachable, pair.First.State.Code);
    }

    private static (ControlMethod<string, string> Method, TaskCompletionSource Began, TaskCompletionSource Ended) MapEndless(LinkPair pair)
    {
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var method = LinkPair.Echo with { Name = "test.endless" };
        pair.SecondDispatcher.Map(method, async (_, text, token) =>
        {
            began.TrySetResult();
            using var registration = token.Register(() => ended.TrySetResult());
            await Task.Delay(Timeout.Infinite, token);
            return text;
        });
        return (method, began, ended);
    }
}
