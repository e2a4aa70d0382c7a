using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Transport;

/// <summary>Messages of the transport: events 2300 to 2349.</summary>
internal static partial class Log
{
    [LoggerMessage(2300, LogLevel.Warning, "A connection from {Remote} was refused: {Why} ({Suppressed} earlier refusals were not logged)")]
    public static partial void HandshakeFailed(ILogger logger, string remote, string why, long suppressed);

    [LoggerMessage(2301, LogLevel.Error, "Accepting connections on {Address} failed; trying again")]
    public static partial void AcceptFailed(ILogger logger, string address, Exception exception);

    [LoggerMessage(2302, LogLevel.Information, "Listening for peers on {Address}")]
    public static partial void Listening(ILogger logger, string address);
}
