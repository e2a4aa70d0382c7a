using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using DisasterTolerance.Links;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Transport;

/// <summary>Links over TCP with TLS 1.3 and pinned keys on both sides.</summary>
internal sealed class TcpLinkTransport : ILinkTransport
{
    private const int Backlog = 128;

    private readonly TlsHandshake _tls;
    private readonly LinkOptions _options;
    private readonly HashSet<string> _acceptedKeys;
    private readonly TimeProvider _time;
    private readonly ILogger<TcpLinkTransport> _logger;

    /// <summary>Creates the transport of a site.</summary>
    /// <param name="identity">This site's key; must stay alive as long as the transport.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="peers">All configured peers: whoever dials must hold the key of one of them.</param>
    /// <param name="time">Where deadlines come from.</param>
    /// <param name="logger">Where refusals are logged.</param>
    public TcpLinkTransport(SiteIdentity identity, LinkOptions options, IEnumerable<PeerOptions> peers, TimeProvider time, ILogger<TcpLinkTransport> logger)
    {
        _tls = new TlsHandshake(identity);
        _options = options;
        _acceptedKeys = new HashSet<string>(peers.SelectMany(p => p.PinnedKeys()), StringComparer.OrdinalIgnoreCase);
        _time = time;
        _logger = logger;
    }

    public async ValueTask<ILinkConnection> ConnectAsync(PeerAddress peer, CancellationToken cancellationToken)
    {
        if (!EndpointText.TryParse(peer.Endpoint, out var endpoint))
        {
            throw new DisasterToleranceException(ErrorCode.PeerUnreachable, $"'{peer.Endpoint}' of peer {peer.Site} is not 'host:port'. Correct the peer's endpoint.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await OpenAsync(socket, peer, endpoint, cancellationToken).ConfigureAwait(false);
            return await SecureAsync(socket, peer, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Close(0);
            throw;
        }
    }

    public async ValueTask<ILinkListener> ListenAsync(CancellationToken cancellationToken)
    {
        Socket? socket = null;
        try
        {
            var address = await ResolveAsync(_options.Listen, cancellationToken).ConfigureAwait(false);
            socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(address);
            socket.Listen(Backlog);
            var listener = new TcpLinkListener(socket, _tls, _acceptedKeys.Contains, _options, _time, _logger);
            Log.Listening(_logger, listener.LocalAddress);
            return listener;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            var step = e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? "Stop the other process or choose another port."
                : "Choose an address of this machine.";
            throw new DisasterToleranceException(ErrorCode.AddressUnusable, $"Cannot listen for peers on {_options.Listen}: {e.Message}. {step}", innerException: e);
        }
    }

    private static async Task<IPEndPoint> ResolveAsync(string listen, CancellationToken cancellationToken)
    {
        if (!EndpointText.TryParse(listen, out var endpoint))
        {
            throw new DisasterToleranceException(ErrorCode.AddressUnusable, $"'{listen}' is not 'host:port'. Correct the listen address.");
        }

        if (endpoint.Host == "*")
        {
            return new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, endpoint.Port);
        }

        return IPAddress.TryParse(endpoint.Host, out var address)
            ? new IPEndPoint(address, endpoint.Port)
            : new IPEndPoint((await Dns.GetHostAddressesAsync(endpoint.Host, cancellationToken).ConfigureAwait(false))[0], endpoint.Port);
    }

    private async Task OpenAsync(Socket socket, PeerAddress peer, EndpointText endpoint, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.ConnectTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            await socket.ConnectAsync(endpoint.Host, endpoint.Port, either.Token).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw Unreachable(peer, e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable(peer, $"no answer within {_options.ConnectTimeout.TotalSeconds} s", e);
        }
    }

    private async Task<TcpLinkConnection> SecureAsync(Socket socket, PeerAddress peer, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.HandshakeTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var metered = new MeteredStream(new NetworkStream(socket, ownsSocket: false));
            var gathering = new GatheringStream(metered, ArrayPool<byte>.Shared);
            var (stream, key) = await _tls.AsDiallerAsync(
                gathering, shown => peer.PinnedKeys.Any(pin => PublicKeyPin.AreEqual(pin, shown)), either.Token).ConfigureAwait(false);
            return new TcpLinkConnection(socket, metered, gathering, stream, key, _time);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.PeerKeyMismatch)
        {
            throw new DisasterToleranceException(
                ErrorCode.PeerKeyMismatch,
                $"Whoever answers at {peer.Endpoint} is not peer {peer.Site}. {e.Message} If the peer has a new key, put it into the peer's configuration here.",
                innerException: e);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or SocketException)
        {
            throw Unreachable(peer, $"the TLS handshake failed: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DisasterToleranceException(
                ErrorCode.Stalled, $"Peer {peer.Site} at {peer.Endpoint} did not finish the TLS handshake within {_options.HandshakeTimeout.TotalSeconds} s.", isTransient: true, e);
        }
    }

    private static DisasterToleranceException Unreachable(PeerAddress peer, string why, Exception cause) => new(
        ErrorCode.PeerUnreachable, $"Peer {peer.Site} at {peer.Endpoint} cannot be reached: {why}. Check that its site runs and that the network lets the port through.", isTransient: true, cause);
}
