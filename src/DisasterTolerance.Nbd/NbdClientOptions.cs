using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace DisasterTolerance.Nbd;

/// <summary>How an <see cref="NbdClient"/> connects. Read once, when connecting.</summary>
public sealed class NbdClientOptions
{
    /// <summary>Where the server listens: a <see cref="UnixDomainSocketEndPoint"/>, an <see cref="IPEndPoint"/> or a <see cref="DnsEndPoint"/>. Required.</summary>
    public required EndPoint Server { get; set; }

    /// <summary>The export's name, at most 4,096 bytes of UTF-8. Default: empty, which is the server's default export.</summary>
    public string Export { get; set; } = "";

    /// <summary>The metadata contexts to ask for, for instance <see cref="NbdExtent.BaseAllocation"/>; at most 64. Default: none.</summary>
    public IReadOnlyList<string> Contexts { get; set; } = [];

    /// <summary>If set, the connection is upgraded by STARTTLS before anything else is said, or fails. Default: null, plain text.</summary>
    public SslClientAuthenticationOptions? Tls { get; set; }

    /// <summary>Whether structured replies are asked for. Block status needs them. Default: true.</summary>
    public bool UseStructuredReplies { get; set; } = true;

    /// <summary>How many requests are in flight at the most, from 1 to 1,024. More wait. Default: 64.</summary>
    public int Window { get; set; } = 64;

    /// <summary>The most time for connecting and negotiating. Default: 15 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The connection fails if requests are in flight and no byte moves for this long. Default: 60 s.</summary>
    public TimeSpan ProgressTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The clock of the deadlines. Default: the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    internal void AssertValid()
    {
        ArgumentNullException.ThrowIfNull(Server);
        ArgumentNullException.ThrowIfNull(Time);
        ArgumentOutOfRangeException.ThrowIfLessThan(Window, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Window, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ConnectTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ProgressTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Contexts.Count, Protocol.Limits.Queries);
        foreach (var name in Contexts.Append(Export))
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(System.Text.Encoding.UTF8.GetByteCount(name), Protocol.Limits.StringBytes, nameof(Export));
        }
    }
}
