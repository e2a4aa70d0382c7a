using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace DisasterTolerance.Transport;

/// <summary>Names a public key: SHA-256 of its SubjectPublicKeyInfo as 64 lower-case hex digits.</summary>
internal static class PublicKeyPin
{
    private const int HexDigits = 64;

    /// <summary>The name of a certificate's key.</summary>
    public static string Of(X509Certificate2 certificate) =>
        Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));

    /// <summary>Whether the text, in either case, could name a key.</summary>
    public static bool IsValid([NotNullWhen(true)] string? text) => text?.Length == HexDigits && text.All(char.IsAsciiHexDigit);

    /// <summary>Whether two texts name the same key.</summary>
    public static bool AreEqual(string? one, string? other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
