using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>The PEM files of the certificate that https addresses show. Immutable.</summary>
/// <param name="Certificate">The certificate, and those between it and its root. Absolute.</param>
/// <param name="Key">Its private key. Absolute.</param>
internal sealed record CertificateFiles(string Certificate, string Key)
{
    /// <summary>Null if none is configured, or if it cannot be used, with a fault.</summary>
    public static CertificateFiles? Read(IConfigurationSection api, List<string> faults)
    {
        var (certificate, key) = (api["Certificate"], api["CertificateKey"]);
        if (certificate is null && key is null)
        {
            return null;
        }

        if (string.IsNullOrWhiteSpace(certificate) || string.IsNullOrWhiteSpace(key))
        {
            faults.Add("Api:Certificate and Api:CertificateKey belong together. Set both to PEM files.");
            return null;
        }

        try
        {
            using var usable = X509Certificate2.CreateFromPemFile(certificate, key);
            return new CertificateFiles(Path.GetFullPath(certificate), Path.GetFullPath(key));
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            faults.Add($"Api:Certificate '{certificate}' with Api:CertificateKey '{key}' cannot be used: {error.Message} Both have to be PEM, the key without a password.");
            return null;
        }
    }
}
