using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DisasterTolerance.Transport;

/// <summary>A host and a port as people write them: <c>host:port</c>, an IPv6 address in brackets.</summary>
/// <param name="Host">A name or an address, without brackets; <c>*</c> means all addresses when listening.</param>
/// <param name="Port">0 to 65535.</param>
internal readonly record struct EndpointText(string Host, int Port)
{
    /// <summary>Reads the text form.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out EndpointText endpoint)
    {
        endpoint = default;
        var colon = text?.LastIndexOf(':') ?? -1;
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            return false;
        }

        var host = text![..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
            if (!System.Net.IPAddress.TryParse(host, out _))
            {
                return false;
            }
        }
        else if (host != "*" && Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4))
        {
            return false;
        }

        endpoint = new EndpointText(host, port);
        return true;
    }
}
