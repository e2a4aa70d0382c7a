using DisasterTolerance.Links;
using DisasterTolerance.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Tests.Links;

/// <summary>The sessions over the real transport, on loopback.</summary>
public sealed class TcpLinkTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dt-link-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task TwoHosts_OverTls_CallAndMoveDataAndStop()
    {
        using var firstKey = SiteIdentity.LoadOrCreate(Path.Combine(_directory, "first"));
        using var secondKey = SiteIdentity.LoadOrCreate(Path.Combine(_directory, "second"));
        var received = new TaskCompletionSource<long>();
        var handler = new DataHandler(async (_, _, channel, token) =>
        {
            long bytes = 0;
            while (await channel.ReadAsync(token) is { } frame)
            {
                bytes += frame.Body.Length;
            }

            await channel.CompleteAsync(token);
            received.SetResult(bytes);
        });
        await using var second = Host(LinkPair.SecondUuid, secondKey, LinkPair.FirstUuid, firstKey, "127.0.0.1:1", handler);
        await second.StartAsync(Token);
        await using var first = Host(LinkPair.FirstUuid, firstKey, LinkPair.SecondUuid, secondKey, second.LocalAddress!, handler);
        var up = new TaskCompletionSource();
        first.Peers[0].StateChanged += (_, state) => up.TrySetResult();
        await first.StartAsync(Token);
        await up.Task.WaitAsync(LinkPair.Hang, Token);
        Assert.True(first.Peers[0].State.IsUp, first.Peers[0].State.Reason);
        Assert.Equal("hello", await first.Peers[0].CallAsync(LinkPair.Echo, "hello", Token));

        const int Frames = 400;
        var channel = await first.Peers[0].OpenDataAsync(LinkPair.SecondUuid, Token);
        await using (channel)
        {
            var body = new byte[64 * 1024];
            for (var i = 0; i < Frames; i++)
            {
                await channel.WriteAsync(DataFrameType.Record, default, body, Token);
            }

            await channel.CompleteAsync(Token);
            Assert.Null(await channel.ReadAsync(Token));
            Assert.Equal(Frames * 64L * 1024, await received.Task.WaitAsync(LinkPair.Hang, Token));
            Assert.InRange(channel.BytesWritten, Frames * 64L * 1024, (long)(Frames * 64L * 1024 * 1.01));
        }
    }

    private static LinkHost Host(Guid site, SiteIdentity own, Guid peer, SiteIdentity peerKey, string endpoint, IDataHandler handler)
    {
        var options = new LinkOptions { Listen = "127.0.0.1:0" };
        PeerOptions[] peers = [new() { Uuid = peer, Name = "peer", Endpoint = endpoint, PublicKey = peerKey.PublicKeyHex }];
        var dispatcher = new ControlDispatcher();
        dispatcher.Map(LinkPair.Echo, static (_, text, _) => ValueTask.FromResult(text));
        var transport = new TcpLinkTransport(own, options, peers, TimeProvider.System, NullLogger<TcpLinkTransport>.Instance);
        var card = new SiteCard(site, "site", () => new LocalFacts(Guid.Empty, 0, Guid.Empty), Guid.NewGuid(), ProtocolVersions.Ours);
        return new LinkHost(
            new LinkContext(card, options, transport, dispatcher, TimeProvider.System, new Random(1), new TaskTracker(), NullLogger.Instance), peers, handler);
    }
}
