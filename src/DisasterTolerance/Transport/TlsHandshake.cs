using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace DisasterTolerance.Transport;

/// <summary>
/// TLS 1.3 with a certificate on both sides. Only the public keys decide: names, dates and issuers of certificates are not looked at, because a
/// pinned key says more than any of them, and a site must not lock itself out by the calendar. Thread-safe.
/// </summary>
internal sealed class TlsHandshake(SiteIdentity identity)
{
    private const string TargetName = "disaster-tolerance.invalid";

    // Made once: building it per connection would parse the certificate each time. Offline, so that no handshake waits for somebody's web server.
    private readonly SslStreamCertificateContext _context = SslStreamCertificateContext.Create(identity.Certificate, null, offline: true);

    private static X509ChainPolicy NoLookups => new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };

    /// <summary>Proves this site's key to a listener and learns the listener's.</summary>
    /// <param name="inner">The connection; owned by the result.</param>
    /// <param name="accepts">Whether the listener's key is pinned.</param>
    /// <param name="cancellationToken">Ends the handshake.</param>
    /// <returns>The encrypted stream and the listener's key.</returns>
    public Task<(SslStream Stream, string Key)> AsDiallerAsync(Stream inner, Func<string, bool> accepts, CancellationToken cancellationToken) =>
        RunAsync(inner, accepts, (stream, validate) => stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = TargetName,
                EnabledSslProtocols = SslProtocols.Tls13,
                ClientCertificateContext = _context,
                CertificateChainPolicy = NoLookups,
                RemoteCertificateValidationCallback = validate,
                AllowTlsResume = false,
            },
            cancellationToken));

    /// <summary>Proves this site's key to a dialler and learns the dialler's.</summary>
    /// <inheritdoc cref="AsDiallerAsync"/>
    public Task<(SslStream Stream, string Key)> AsListenerAsync(Stream inner, Func<string, bool> accepts, CancellationToken cancellationToken) =>
        RunAsync(inner, accepts, (stream, validate) => stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = _context,
                ClientCertificateRequired = true,
                EnabledSslProtocols = SslProtocols.Tls13,
                CertificateChainPolicy = NoLookups,
                RemoteCertificateValidationCallback = validate,
                AllowTlsResume = false,
            },
            cancellationToken));

    private static async Task<(SslStream Stream, string Key)> RunAsync(
        Stream inner, Func<string, bool> accepts, Func<SslStream, RemoteCertificateValidationCallback, Task> authenticate)
    {
        string? shown = null;
        var accepted = false;
        var stream = new SslStream(inner, leaveInnerStreamOpen: false);
        try
        {
            await authenticate(stream, Validate).ConfigureAwait(false);
            return (stream, shown!);
        }
        catch (Exception e)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (shown is not null && !accepted)
            {
                throw new DisasterToleranceException(ErrorCode.PeerKeyMismatch, $"It showed the public key {shown}, which is not pinned.", innerException: e);
            }

            throw;
        }

        bool Validate(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
        {
            if (certificate is null)
            {
                return false;
            }

            shown = certificate is X509Certificate2 known ? PublicKeyPin.Of(known) : PublicKeyOfCopy(certificate);
            return accepted = accepts(shown);
        }
    }

    private static string PublicKeyOfCopy(X509Certificate certificate)
    {
        using var copy = X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
        return PublicKeyPin.Of(copy);
    }
}
