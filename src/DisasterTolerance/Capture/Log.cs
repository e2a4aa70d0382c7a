using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Capture;

internal static partial class Log
{
    [LoggerMessage(2400, LogLevel.Information, "Captured point {Point} of machine '{Machine}': {ReadBytes} bytes read, {ChangedBytes} changed, {StoredBytes} stored")]
    public static partial void Captured(ILogger logger, string machine, string point, long readBytes, long changedBytes, long storedBytes);

    [LoggerMessage(2401, LogLevel.Warning, "Releasing snapshot {Snapshot} of machine {Machine}, left by a run that was killed")]
    public static partial void LeftoverSnapshot(ILogger logger, string snapshot, Guid machine);

    [LoggerMessage(2402, LogLevel.Warning, "Snapshot {Snapshot} of machine {Machine} could not be released; the next capture tries again")]
    public static partial void ReleaseFailed(ILogger logger, string snapshot, Guid machine, Exception cause);

    [LoggerMessage(2403, LogLevel.Error, "The change tracker of machine '{Machine}' missed a change and is not used any more: {Because}")]
    public static partial void TrackerDistrusted(ILogger logger, string machine, string because);
}
