using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DisasterTolerance.Transport;

/// <summary>
/// The key pair by which peers know this site: ECDSA P-256 with a self-signed certificate, kept in <c>identity.pem</c>. Peers pin the public key only, so the
/// certificate's names and dates mean nothing. Immutable and thread-safe.
/// </summary>
public sealed class SiteIdentity : IDisposable
{
    private const string FileName = "identity.pem";

    private SiteIdentity(X509Certificate2 certificate)
    {
        Certificate = certificate;
        PublicKeyHex = PublicKeyPin.Of(certificate);
    }

    /// <summary>What peers pin: SHA-256 of this site's SubjectPublicKeyInfo as 64 lower-case hex digits.</summary>
    public string PublicKeyHex { get; }

    internal X509Certificate2 Certificate { get; }

    /// <summary>Reads the key from <c>identity.pem</c> in the directory, or creates directory, key and file (mode 0600, durable before the call returns).</summary>
    /// <param name="directory">The site's data directory.</param>
    /// <param name="timeProvider">Gives a new certificate its first day of validity; null takes the system's clock.</param>
    /// <exception cref="DisasterToleranceException">
    /// <see cref="ErrorCode.IdentityUnusable"/>: the file is damaged, may be read by other users, or cannot be read or written. A damaged file is never replaced.
    /// </exception>
    public static SiteIdentity LoadOrCreate(string directory, TimeProvider? timeProvider = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var path = Path.Combine(Path.GetFullPath(directory), FileName);
        if (IdentityFile.Read(path) is { } existing)
        {
            return Parse(path, existing);
        }

        // Of two processes that create at the same time, both use the file that came first.
        var suffix = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        IdentityFile.TryCreate(path, Generate(timeProvider ?? TimeProvider.System), suffix);
        return Parse(path, IdentityFile.Read(path) ?? throw Damaged(path, "vanished", null));
    }

    /// <summary>Frees the key.</summary>
    public void Dispose() => Certificate.Dispose();

    private static string Generate(TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=DisasterTolerance site", key, HashAlgorithmName.SHA256);
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f; // A serial number is positive.
        var notBefore = time.GetUtcNow().AddDays(-1);
        using var certificate = request.Create(
            request.SubjectName,
            X509SignatureGenerator.CreateForECDsa(key),
            notBefore,
            new DateTimeOffset(9999, 12, 31, 23, 59, 59, TimeSpan.Zero),
            serial);
        return $"{key.ExportPkcs8PrivateKeyPem()}\n{certificate.ExportCertificatePem()}\n";
    }

    private static SiteIdentity Parse(string path, string pem)
    {
        try
        {
            var certificate = X509Certificate2.CreateFromPem(pem, pem);
            if (OperatingSystem.IsWindows())
            {
                // The system's TLS takes no key that lives in memory only.
                using var ephemeral = certificate;
                certificate = X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pkcs12), null);
            }

            return new SiteIdentity(certificate);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw Damaged(path, $"is damaged: {e.Message}", e);
        }
    }

    private static DisasterToleranceException Damaged(string path, string what, Exception? cause) => new(
        ErrorCode.IdentityUnusable,
        $"The site's private key '{path}' {what}. Restore it from a backup, or delete it and give the new key to all peers.",
        innerException: cause);
}
