using System.Text;

namespace DisasterTolerance.Exports;

/// <summary>The paths of a site's exports. Pure. Immutable.</summary>
/// <param name="SocketDirectory">The directory of the socket.</param>
/// <param name="OverlayDirectory">The directory of all overlays.</param>
internal sealed record ExportPlaces(string SocketDirectory, string OverlayDirectory)
{
    /// <summary>The most bytes of a unix socket's path on Linux, without the zero at its end.</summary>
    public const int LongestSocket = 107;

    private const string SocketName = "nbd.sock";

    public string Socket => Path.Combine(SocketDirectory, SocketName);

    /// <summary>Overlays that end with their use: what a killed process left there is deleted at the next start.</summary>
    public string PrivateOverlays => Path.Combine(OverlayDirectory, "private");

    public static ExportPlaces Of(ExportOptions options, string dataDirectory) => new(
        Path.GetFullPath(options.SocketDirectory.Length > 0 ? options.SocketDirectory : Path.Combine(dataDirectory, "nbd")),
        Path.GetFullPath(options.OverlayDirectory.Length > 0 ? options.OverlayDirectory : Path.Combine(dataDirectory, "overlays")));

    /// <summary>The directory of an overlay that outlives this process.</summary>
    public string OverlayOf(string name) => Path.Combine(OverlayDirectory, name);

    /// <summary>What is wrong with the options, one sentence each.</summary>
    public static IEnumerable<string> Problems(ExportOptions options)
    {
        if (options.SocketDirectory.Length > 0 && TooLong(Path.Combine(Path.GetFullPath(options.SocketDirectory), SocketName)) is { } fault)
        {
            yield return $"SocketDirectory: {fault}";
        }

        if (options.Listen is not null && options.Tls is null)
        {
            yield return "Listen needs Tls: disks are not served over TCP without it. Set Tls, or leave Listen out.";
        }
    }

    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.InvalidArgument"/>.</exception>
    public void Demand()
    {
        if (TooLong(Socket) is { } fault)
        {
            throw new DisasterToleranceException(ErrorCode.InvalidArgument, $"No disk can be served: {fault}");
        }
    }

    private static string? TooLong(string socket) => Encoding.UTF8.GetByteCount(socket) is var bytes && bytes > LongestSocket
        ? $"The socket's path {socket} has {bytes} bytes, and the system takes {LongestSocket} at the most. Set Exports:SocketDirectory to a shorter one, for instance in /run."
        : null;
}
