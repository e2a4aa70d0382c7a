using System.Net;
using System.Net.Security;

namespace DisasterTolerance.Exports;

/// <summary>Where disks are served by NBD, and where what is written over recovery points is kept. Read once at the start.</summary>
public sealed class ExportOptions
{
    /// <summary>
    /// The directory of the unix socket, for this site only: made when the first disk is served, for this process' user only, if it is not there. The socket itself is that user's only in any case. The
    /// path has at most 98 bytes of UTF-8, because a socket's path is that short. Default: empty, which is <c>nbd</c> in the site's data directory; if that is too long, serving a disk fails and says so.
    /// </summary>
    public string SocketDirectory { get; set; } = "";

    /// <summary>The directory for what is written over recovery points. Wants as much space as is written. Default: empty, which is <c>overlays</c> in the site's data directory.</summary>
    public string OverlayDirectory { get; set; } = "";

    /// <summary>Where to listen besides, for clients on other machines; port 0 chooses one. Needs <see cref="Tls"/>. Default: null, the unix socket only.</summary>
    public IPEndPoint? Listen { get; set; }

    /// <summary>
    /// The name or address by which clients reach <see cref="Listen"/>, for the addresses that they are told. Default: empty, which is the address of <see cref="Listen"/>, or this machine's name if
    /// that is any address.
    /// </summary>
    public string PublicHost { get; set; } = "";

    /// <summary>
    /// The server's certificate and what is asked of clients, for <see cref="Listen"/>. Whoever may connect reads and writes the disks that are served: ask for client certificates. Default: null.
    /// </summary>
    public SslServerAuthenticationOptions? Tls { get; set; }
}
