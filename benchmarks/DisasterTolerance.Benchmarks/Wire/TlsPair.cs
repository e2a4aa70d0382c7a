using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using DisasterTolerance.Links;
using DisasterTolerance.Transport;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Wire;

/// <summary>Both ends of a TLS connection over loopback: the product's own, or the base library's streams as they are.</summary>
internal static class TlsPair
{
    public static async Task<(ILinkConnection Sender, ILinkConnection Receiver, IAsyncDisposable Listener)> LinkAsync(string folder)
    {
        var identity = SiteIdentity.LoadOrCreate(folder);
        var peer = new PeerOptions { Uuid = Guid.NewGuid(), Name = "peer", Endpoint = "127.0.0.1:1", PublicKey = identity.PublicKeyHex };
        var transport = new TcpLinkTransport(identity, new LinkOptions { Listen = "127.0.0.1:0" }, [peer], TimeProvider.System, NullLogger<TcpLinkTransport>.Instance);
        var listener = await transport.ListenAsync(default);
        var dialling = transport.ConnectAsync(new PeerAddress(peer.Uuid, listener.LocalAddress, [identity.PublicKeyHex]), default);
        var accepted = await listener.AcceptAsync(default);
        return (await dialling, accepted, listener);
    }

    public static async Task<(Stream Sender, Stream Receiver)> StreamsAsync()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = new CertificateRequest("CN=benchmark", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        var server = await listener.AcceptTcpClientAsync();
        var (sender, receiver) = (new SslStream(client.GetStream()), new SslStream(server.GetStream()));
        await Task.WhenAll(
            receiver.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls13 }),
            sender.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "benchmark", RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.GetCertHashString() }));
        return (sender, receiver);
    }
}
