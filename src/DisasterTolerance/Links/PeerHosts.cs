using System.Globalization;
using System.Net;
using DisasterTolerance.Transport;

namespace DisasterTolerance.Links;

/// <summary>The hosts of a peer that may be dialled. Pure.</summary>
internal static class PeerHosts
{
    /// <summary>The host of the peer's endpoint, then the others.</summary>
    public static IReadOnlyList<string> Of(PeerOptions peer) =>
        EndpointText.TryParse(peer.Endpoint, out var endpoint) ? [endpoint.Host, .. peer.Hosts] : [.. peer.Hosts];

    /// <summary>Whether a text is a host name or an address, without a port.</summary>
    public static bool IsHost(string? text) => text is not null && Uri.CheckHostName(WithoutBrackets(text)) != UriHostNameType.Unknown;

    /// <summary>The configured host that a text means, or null. Addresses are compared by value, names without regard to case.</summary>
    public static string? Find(IReadOnlyList<string> hosts, string asked) => hosts.FirstOrDefault(host => AreEqual(host, asked));

    /// <summary>A host at the port of the peer's endpoint.</summary>
    public static string AtPortOf(PeerOptions peer, string host)
    {
        var port = EndpointText.TryParse(peer.Endpoint, out var endpoint) ? endpoint.Port : 0;
        var bare = WithoutBrackets(host);
        return string.Create(CultureInfo.InvariantCulture, $"{(bare.Contains(':', StringComparison.Ordinal) ? $"[{bare}]" : bare)}:{port}");
    }

    private static bool AreEqual(string host, string asked)
    {
        var (one, other) = (WithoutBrackets(host), WithoutBrackets(asked));
        return IPAddress.TryParse(one, out var address) && IPAddress.TryParse(other, out var askedAddress)
            ? address.Equals(askedAddress)
            : string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
    }

    private static string WithoutBrackets(string host) => host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;
}
