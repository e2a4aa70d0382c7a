using System.Diagnostics.Metrics;

namespace DisasterTolerance.Transport;

/// <summary>What the links count for the host's monitoring.</summary>
internal static class LinkMeter
{
    /// <summary>The meter's name.</summary>
    public const string Name = "DisasterTolerance.Links";

    private static readonly Meter Meter = new(Name);

    /// <summary>Incoming connections that proved no configured key.</summary>
    public static readonly Counter<long> HandshakesFailed =
        Meter.CreateCounter<long>("disaster_tolerance.link.handshakes_failed", "{connection}", "Incoming connections that proved no configured key.");
}
