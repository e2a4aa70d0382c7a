using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Shipping;

internal static partial class Log
{
    [LoggerMessage(2450, LogLevel.Information, "Received point {Point} of machine '{Machine}' from site '{Peer}'")]
    public static partial void Received(ILogger logger, string point, string machine, string peer);
}
