using System.Text.Json.Serialization;
using DisasterTolerance.Links;
using DisasterTolerance.Testing.Links;
using DisasterTolerance.Transport;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace DisasterTolerance.Tests.Links;

/// <summary>Two sites with a link over a simulated network under virtual time. The first has the smaller uuid, so it dials.</summary>
internal sealed class LinkPair : IAsyncDisposable
{
    public static readonly Guid FirstUuid = Guid.Parse("00000000-0000-0000-0000-00000000000a");
    public static readonly Guid SecondUuid = Guid.Parse("00000000-0000-0000-0000-00000000000b");
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    public LinkPair(LinkOptions? options = null, IDataHandler? secondData = null, ProtocolVersions? secondVersions = null, Guid? secondClaims = null)
    {
        Options = options ?? new LinkOptions();
        var first = new SimulatedSite(FirstUuid, new string('a', 64));
        var second = new SimulatedSite(SecondUuid, new string('b', 64));
        Network = new SimulatedLink(first, second, Time);
        FirstDispatcher.Map(Echo, static (_, text, _) => ValueTask.FromResult($"first:{text}"));
        SecondDispatcher.Map(Echo, static (_, text, _) => ValueTask.FromResult($"second:{text}"));
        FirstHost = Host(FirstUuid, "first", Network.First, FirstDispatcher, second, "second", new NoData(), ProtocolVersions.Ours);
        SecondHost = Host(secondClaims ?? SecondUuid, "second", Network.Second, SecondDispatcher, first, "first", secondData ?? new NoData(), secondVersions ?? ProtocolVersions.Ours);
    }

    public static ControlMethod<string, string> Echo { get; } = new("test.echo", LinkTestJson.Default.String, LinkTestJson.Default.String);

    public LinkOptions Options { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public SimulatedLink Network { get; }

    public ControlDispatcher FirstDispatcher { get; } = new();

    public ControlDispatcher SecondDispatcher { get; } = new();

    public LinkHost FirstHost { get; }

    public LinkHost SecondHost { get; }

    public IPeerLink First => FirstHost.Peers[0];

    public IPeerLink Second => SecondHost.Peers[0];

    public async Task StartAsync()
    {
        await SecondHost.StartAsync(TestContext.Current.CancellationToken);
        await FirstHost.StartAsync(TestContext.Current.CancellationToken);
    }

    public async Task UpAsync()
    {
        await StartAsync();
        await UntilAsync(() => First.State.IsUp && Second.State.IsUp, "the link did not come up");
    }

    /// <summary>Lets virtual time pass in small steps until something is true.</summary>
    public async Task UntilAsync(Func<bool> condition, string otherwise, TimeSpan? step = null)
    {
        using var hang = new CancellationTokenSource(Hang);
        while (!condition())
        {
            Assert.False(hang.IsCancellationRequested, $"{otherwise}; first: {First.State}; second: {Second.State}");
            await Task.Delay(1, TestContext.Current.CancellationToken);
            Time.Advance(step ?? TimeSpan.FromMilliseconds(20));
        }
    }

    public async ValueTask DisposeAsync()
    {
        var stopping = Task.WhenAll(FirstHost.DisposeAsync().AsTask(), SecondHost.DisposeAsync().AsTask());
        await UntilAsync(() => stopping.IsCompleted, "the hosts did not stop", TimeSpan.FromMilliseconds(200));
        await stopping;
    }

    private LinkHost Host(
        Guid site, string name, ILinkTransport transport, ControlDispatcher dispatcher, SimulatedSite peer, string peerName, IDataHandler data, ProtocolVersions versions)
    {
        var card = new SiteCard(site, name, () => new LocalFacts(site, 7, site), Guid.NewGuid(), versions);
        var context = new LinkContext(card, Options, transport, dispatcher, Time, new Random(1), new TaskTracker(), NullLogger.Instance);
        return new LinkHost(context, [new PeerOptions { Uuid = peer.Uuid, Name = peerName, Endpoint = "simulated:1", PublicKey = peer.Key }], data);
    }

    private sealed class NoData : IDataHandler
    {
        public ValueTask HandleAsync(Guid peerSite, Guid session, IDataChannel channel, CancellationToken cancellationToken) =>
            throw new DisasterToleranceException(ErrorCode.NotFound, $"No session {session}.");
    }
}

/// <summary>A data handler made of a function.</summary>
internal sealed class DataHandler(Func<Guid, Guid, IDataChannel, CancellationToken, Task> handle) : IDataHandler
{
    public async ValueTask HandleAsync(Guid peerSite, Guid session, IDataChannel channel, CancellationToken cancellationToken) =>
        await handle(peerSite, session, channel, cancellationToken);
}

[JsonSerializable(typeof(string))]
internal sealed partial class LinkTestJson : JsonSerializerContext;
