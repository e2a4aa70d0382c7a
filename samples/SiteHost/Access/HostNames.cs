using System.Net;

namespace DisasterTolerance.SiteHost.Access;

/// <summary>What can be said of a host by its name. Pure.</summary>
internal static class HostNames
{
    public const string Localhost = "localhost";

    /// <summary>Whether it means this computer, whoever resolves it.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals(Localhost, StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>The same address in the form that it has over IPv4, where it has one.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
