using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace DisasterTolerance.Nbd;

/// <summary>How an <see cref="NbdServer"/> listens. Read once, at the start.</summary>
public sealed class NbdServerOptions
{
    /// <summary>
    /// Where to listen: a <see cref="UnixDomainSocketEndPoint"/> with a path at which nothing is yet, or an <see cref="IPEndPoint"/>,
    /// which needs <see cref="Tls"/>. The socket's file can be used by its owner only and is removed at the end. Required.
    /// </summary>
    public required EndPoint Listen { get; set; }

    /// <summary>If set, clients have to upgrade by STARTTLS before they are told anything. Required on TCP. Default: null, plain text.</summary>
    public SslServerAuthenticationOptions? Tls { get; set; }

    /// <summary>How many connections there may be at once, from 1 to 10,000. More are closed at once. Default: 64.</summary>
    public int MaxConnections { get; set; } = 64;

    /// <summary>How many requests of one connection are worked on at once, from 1 to 1,024. More wait in the socket. Default: 16.</summary>
    public int MaxRequests { get; set; } = 16;

    /// <summary>The most time that a client has for its negotiation. Default: 15 s.</summary>
    public TimeSpan NegotiationTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Is told what went wrong: the export's name (null before one was chosen) and the cause. Called from any thread, must not throw.
    /// Default: null. Clients are told an error number, or lose the connection, with or without it.
    /// </summary>
    public Action<string?, Exception>? Failed { get; set; }

    /// <summary>The clock of the deadlines. Default: the system's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    internal void AssertValid()
    {
        ArgumentNullException.ThrowIfNull(Listen);
        ArgumentNullException.ThrowIfNull(Time);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxConnections, 10_000);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRequests, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxRequests, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(NegotiationTimeout, TimeSpan.Zero);
        if (Listen is not UnixDomainSocketEndPoint && (Listen is not IPEndPoint || Tls is null))
        {
            throw new NbdException(ErrorCode.InvalidArgument, NbdError.None, $"An NBD server listens on a unix socket, or on an IP address with TLS; '{Listen}' is neither. Set {nameof(Tls)} or use a unix socket.");
        }
    }
}
