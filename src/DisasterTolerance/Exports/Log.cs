using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Exports;

internal static partial class Log
{
    [LoggerMessage(2900, LogLevel.Information, "Disks are served by NBD on {Socket} {EndPoint}")]
    public static partial void Listening(ILogger logger, string socket, string endPoint);

    [LoggerMessage(2901, LogLevel.Information, "Removed the NBD socket {Socket}, which a process left that was killed")]
    public static partial void StaleSocketRemoved(ILogger logger, string socket);

    [LoggerMessage(2902, LogLevel.Warning, "NBD export '{Name}': a request or a connection failed")]
    public static partial void ExportFailed(ILogger logger, string name, Exception cause);

    [LoggerMessage(2903, LogLevel.Information, "Point {Point} of machine '{Machine}' is served: {Disks} disks, writable: {IsWritable}")]
    public static partial void PointServed(ILogger logger, string point, string machine, int disks, bool isWritable);
}
