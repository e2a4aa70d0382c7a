using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using DisasterTolerance.Links;
using DisasterTolerance.Testing.Links;
using DisasterTolerance.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Links;

/// <summary>Pairs of connections on one machine: over memory, over TCP alone, or over TCP and TLS as in production. The keys are made for the run and deleted after it.</summary>
internal sealed class LoopbackLink : IAsyncDisposable
{
    private static readonly Guid Site = new("00000000-0000-0000-0000-000000000001");

    private readonly DirectoryInfo _keys = Directory.CreateTempSubdirectory("loopback-");
    private readonly LinkOptions _options = new() { Listen = "127.0.0.1:0" };
    private readonly List<IAsyncDisposable> _open = [];
    private readonly List<SiteIdentity> _identities = [];

    public async Task<DataPair> OpenAsync(LinkMedium medium)
    {
        var (sending, receiving) = medium switch
        {
            LinkMedium.Memory => await OpenMemoryAsync(),
            LinkMedium.Tcp => await OpenTcpAsync(),
            _ => await OpenTlsAsync(),
        };
        var pair = new DataPair(Channel(sending), Channel(receiving), sending, receiving);
        _open.Add(pair.Sending);
        _open.Add(pair.Receiving);
        return pair;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_open.Select(item => item.DisposeAsync().AsTask()));
        _identities.ForEach(identity => identity.Dispose());
        _keys.Delete(recursive: true);
    }

    private static async Task<(ILinkConnection Sending, ILinkConnection Receiving)> OpenMemoryAsync()
    {
        var (first, second) = (new SimulatedSite(Guid.NewGuid(), new string('a', 64)), new SimulatedSite(Site, new string('b', 64)));
        var network = new SimulatedLink(first, second, TimeProvider.System);
        await using var listener = await network.Second.ListenAsync(default);
        var dialled = await network.First.ConnectAsync(new PeerAddress(Site, "memory:1", [second.Key]), default);
        return (dialled, await listener.AcceptAsync(default));
    }

    private static async Task<(ILinkConnection Sending, ILinkConnection Receiving)> OpenTcpAsync()
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var dialled = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await dialled.ConnectAsync(listener.LocalEndPoint!);
        return (new PlainConnection(dialled), new PlainConnection(await listener.AcceptAsync()));
    }

    private async Task<(ILinkConnection Sending, ILinkConnection Receiving)> OpenTlsAsync()
    {
        var (server, client) = (NewIdentity(), NewIdentity());
        await using var listener = await Transport(server, client).ListenAsync(default);
        var dialled = await Transport(client, server).ConnectAsync(new PeerAddress(Site, listener.LocalAddress, [server.PublicKeyHex]), default);
        return (dialled, await listener.AcceptAsync(default));
    }

    private DataChannel Channel(ILinkConnection connection) =>
        new(Site, ProtocolVersions.Ours.Max, new FrameStream(connection, _options, TimeProvider.System), _options, TimeProvider.System, static _ => { });

    private TcpLinkTransport Transport(SiteIdentity own, SiteIdentity peer) => new(
        own, _options, [new PeerOptions { Uuid = Site, Name = "peer", Endpoint = "127.0.0.1:1", PublicKey = peer.PublicKeyHex }], TimeProvider.System,
        NullLogger<TcpLinkTransport>.Instance);

    private SiteIdentity NewIdentity()
    {
        var identity = SiteIdentity.LoadOrCreate(Path.Combine(_keys.FullName, $"key{_identities.Count}"));
        _identities.Add(identity);
        return identity;
    }

    /// <summary>The same pipes as in production without TLS: what TLS costs is the difference.</summary>
    private sealed class PlainConnection : ILinkConnection
    {
        private const int SegmentBytes = 64 * 1024;

        private readonly MeteredStream _stream;

        public PlainConnection(Socket socket)
        {
            _stream = new MeteredStream(new NetworkStream(socket, ownsSocket: true));
            Input = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: SegmentBytes, minimumReadSize: 4 * 1024));
            Output = PipeWriter.Create(_stream, new StreamPipeWriterOptions(minimumBufferSize: SegmentBytes));
        }

        public PipeReader Input { get; }

        public PipeWriter Output { get; }

        public string RemoteKey => "";

        public long BytesWritten => _stream.BytesWritten;

        public long BytesRead => _stream.BytesRead;

        public ILinkThrottle? OutputThrottle { get => _stream.Throttle; set => _stream.Throttle = value; }

        public void Abort(string reason) => _stream.Dispose();

        public ValueTask DisposeAsync() => _stream.DisposeAsync();
    }
}

/// <summary>Both ends of one data connection.</summary>
internal sealed record DataPair(DataChannel Sending, DataChannel Receiving, ILinkConnection SendingConnection, ILinkConnection ReceivingConnection);

/// <summary>What lies between the two ends.</summary>
public enum LinkMedium
{
    /// <summary>The simulated link of the tests: pipes in memory.</summary>
    Memory = 0,

    /// <summary>A socket on loopback.</summary>
    Tcp,

    /// <summary>TLS 1.3 over a socket on loopback, as in production.</summary>
    Tls,
}
