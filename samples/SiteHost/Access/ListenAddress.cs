using System.Net;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>One address of <c>--urls</c>, read the way Kestrel reads it. Immutable.</summary>
/// <param name="Text">As it was written.</param>
/// <param name="IsTls">Whether callers have to speak TLS.</param>
/// <param name="Host">A name or an address, without brackets; <c>*</c> for all addresses.</param>
/// <param name="IsLoopback">Whether this computer alone can reach it.</param>
internal sealed record ListenAddress(string Text, bool IsTls, string Host, bool IsLoopback)
{
    public const string Default = "http://127.0.0.1:8081";

    /// <summary>The address, or null and a fault.</summary>
    public static ListenAddress? Parse(string text, List<string> faults)
    {
        if (ParseAsKestrelDoes(text) is not { } address || !IsHost(address.Host))
        {
            faults.Add($"'{text}' in --urls is no address. Write for instance {Default}.");
            return null;
        }

        var isTls = address.Scheme.Equals(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase);
        if ((!isTls && !address.Scheme.Equals(Uri.UriSchemeHttp, StringComparison.OrdinalIgnoreCase)) || address.PathBase.Length > 0)
        {
            faults.Add($"'{text}' in --urls is neither http nor https with a host and a port alone. Write for instance {Default}.");
            return null;
        }

        // Kestrel listens on every address for a name that is neither of these, so such a name is beyond loopback.
        var host = address.Host.Trim('[', ']');
        return new ListenAddress(text, isTls, IsAny(host) ? "*" : host, HostNames.IsLoopback(host));
    }

    private static BindingAddress? ParseAsKestrelDoes(string text)
    {
        try
        {
            return BindingAddress.Parse(text) is { IsUnixPipe: false, IsNamedPipe: false } address ? address : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsAny(string host) => host is "*" or "+";

    private static bool IsHost(string host) => IsAny(host) || IPAddress.TryParse(host, out _) || Uri.CheckHostName(host) == UriHostNameType.Dns;
}
