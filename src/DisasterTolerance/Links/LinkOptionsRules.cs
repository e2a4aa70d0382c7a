using DisasterTolerance.Transport;

namespace DisasterTolerance.Links;

/// <summary>What valid link and peer options are. Pure; finds all errors at once, so it fits behind any options validator.</summary>
internal static class LinkOptionsRules
{
    private const int LongestName = 256;

    /// <summary>Checks the options of a site.</summary>
    /// <param name="site">This site's uuid.</param>
    /// <param name="link">How the site listens and dials.</param>
    /// <param name="peers">Its peers.</param>
    /// <returns>One sentence per error; empty if all is well.</returns>
    public static IReadOnlyList<string> Check(Guid site, LinkOptions link, IReadOnlyList<PeerOptions> peers)
    {
        var errors = new List<string>();
        CheckLink(link, errors);
        for (var i = 0; i < peers.Count; i++)
        {
            CheckPeer(site, peers[i], $"Peers:{i}", errors);
        }

        CheckUnique(peers.Select(p => p.Uuid.ToString()), "uuid", errors);
        CheckUnique(peers.Select(p => p.Name).Where(n => n.Length > 0), "name", errors);
        CheckUnique(peers.SelectMany(p => p.PinnedKeys()).Where(PublicKeyPin.IsValid).Select(k => k.ToLowerInvariant()), "public key", errors);
        return errors;
    }

    private static void CheckLink(LinkOptions link, List<string> errors)
    {
        if (!EndpointText.TryParse(link.Listen, out _))
        {
            errors.Add($"Link:Listen '{link.Listen}' is not 'host:port'.");
        }

        CheckTime(nameof(link.HeartbeatInterval), link.HeartbeatInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), errors);
        CheckTime(nameof(link.SilenceTimeout), link.SilenceTimeout, TwiceOrNone(link.HeartbeatInterval), TimeSpan.FromHours(1), errors);
        CheckTime(nameof(link.ConnectTimeout), link.ConnectTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), errors);
        CheckTime(nameof(link.HandshakeTimeout), link.HandshakeTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), errors);
        CheckTime(nameof(link.StallTimeout), link.StallTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), errors);
        CheckTime(nameof(link.CallTimeout), link.CallTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), errors);
        CheckTime(nameof(link.ReconnectMinDelay), link.ReconnectMinDelay, TimeSpan.FromMilliseconds(10), link.ReconnectMaxDelay, errors);
        CheckTime(nameof(link.ReconnectMaxDelay), link.ReconnectMaxDelay, TimeSpan.FromMilliseconds(10), TimeSpan.FromHours(1), errors);
        if (link.MaxUnauthenticatedConnections is < 1 or > 10_000)
        {
            errors.Add($"Link:MaxUnauthenticatedConnections is {link.MaxUnauthenticatedConnections}; it must be 1 to 10000.");
        }
    }

    // A heartbeat that is wrong itself is told of by itself, and doubling it might overflow.
    private static TimeSpan TwiceOrNone(TimeSpan heartbeat) => heartbeat > TimeSpan.FromMinutes(5) ? TimeSpan.Zero : heartbeat * 2;

    private static void CheckTime(string name, TimeSpan value, TimeSpan least, TimeSpan most, List<string> errors)
    {
        if (value < least || value > most)
        {
            errors.Add($"Link:{name} is {value}; it must be {least} to {most}.");
        }
    }

    private static void CheckPeer(Guid site, PeerOptions peer, string where, List<string> errors)
    {
        if (peer.Uuid == Guid.Empty)
        {
            errors.Add($"{where}:Uuid is missing.");
        }
        else if (peer.Uuid == site)
        {
            errors.Add($"{where}:Uuid {peer.Uuid} is this site's own.");
        }

        if (peer.Name.Length is 0 or > LongestName)
        {
            errors.Add($"{where}:Name must have 1 to {LongestName} characters.");
        }

        if (!EndpointText.TryParse(peer.Endpoint, out var endpoint) || endpoint.Host == "*" || endpoint.Port == 0)
        {
            errors.Add($"{where}:Endpoint '{peer.Endpoint}' is not 'host:port'.");
        }

        errors.AddRange(peer.Hosts.Where(host => !PeerHosts.IsHost(host)).Select(host => $"{where}:Hosts '{host}' is no host name and no address."));
        if (!PublicKeyPin.IsValid(peer.PublicKey))
        {
            errors.Add($"{where}:PublicKey '{peer.PublicKey}' is not the 64 hex digits that the peer's host prints.");
        }

        if (!string.IsNullOrEmpty(peer.SecondPublicKey) && !PublicKeyPin.IsValid(peer.SecondPublicKey))
        {
            errors.Add($"{where}:SecondPublicKey '{peer.SecondPublicKey}' is not 64 hex digits.");
        }
    }

    private static void CheckUnique(IEnumerable<string> values, string what, List<string> errors) =>
        errors.AddRange(values.GroupBy(v => v, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"The {what} '{g.Key}' stands more than once among the peers."));
}
