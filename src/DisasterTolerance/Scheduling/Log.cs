using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Scheduling;

internal static partial class Log
{
    [LoggerMessage(2850, LogLevel.Warning, "Run of machine {Machine} failed")]
    public static partial void RunFailed(ILogger logger, Guid machine, Exception cause);

    [LoggerMessage(2851, LogLevel.Warning, "Scheduled run of machine '{Machine}' failed: {Cause}")]
    public static partial void ScheduledRunFailed(ILogger logger, string machine, string cause);

    [LoggerMessage(2852, LogLevel.Warning, "Owed points of machine {Machine} could not be shipped; they are tried again")]
    public static partial void CatchUpFailed(ILogger logger, Guid machine, Exception cause);

    [LoggerMessage(2853, LogLevel.Error, "The schedule could not be read; it is tried again")]
    public static partial void TickFailed(ILogger logger, Exception cause);
}
