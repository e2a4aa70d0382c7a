namespace DisasterTolerance.Links;

/// <summary>How this site listens, dials and decides whether a peer is alive. Read once at the start.</summary>
public sealed class LinkOptions
{
    /// <summary>The address to listen on, <c>host:port</c>; the host may be <c>*</c> for all addresses, port 0 takes a free one. Default <c>127.0.0.1:9301</c>.</summary>
    public string Listen { get; set; } = "127.0.0.1:9301";

    /// <summary>Time between two heartbeats. 100 ms to 5 min, default 5 s.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A connection that brings no byte for this long counts as lost. At least twice <see cref="HeartbeatInterval"/>, at most 1 h, default 15 s.</summary>
    public TimeSpan SilenceTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Time to open a TCP connection. 100 ms to 5 min, default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Time for the TLS handshake, and again for the first frames of both sides. 100 ms to 5 min, default 10 s.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A write that moves no byte for this long ends the connection. 1 s to 1 h, default 60 s.</summary>
    public TimeSpan StallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a request waits for its answer unless its method says otherwise. 1 s to 1 d, default 60 s.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The first delay before dialling again; doubled after every failure. 10 ms to <see cref="ReconnectMaxDelay"/>, default 200 ms.</summary>
    public TimeSpan ReconnectMinDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest delay before dialling again. At most 1 h, default 10 s. Every delay is shortened by a random part of up to a half.</summary>
    public TimeSpan ReconnectMaxDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Accepted connections that have not yet proved a key; more are closed at once. 1 to 10,000, default 64.</summary>
    public int MaxUnauthenticatedConnections { get; set; } = 64;
}
