using Microsoft.Extensions.Logging;

namespace DisasterTolerance.InstantBoot;

internal static partial class Log
{
    [LoggerMessage(2550, LogLevel.Information, "The exports {Run} that machine '{Machine}' runs from are served again")]
    public static partial void Served(ILogger logger, string machine, Guid run);

    [LoggerMessage(2551, LogLevel.Error, "The exports {Run} that machine '{Machine}' runs from could not be served; its guest waits, and it is tried again")]
    public static partial void NotServed(ILogger logger, string machine, Guid run, Exception cause);

    [LoggerMessage(2552, LogLevel.Information, "Machine '{Machine}' has all its {Bytes} bytes on disks of its own, {Time} after its failover began to start it from exports")]
    public static partial void Pulled(ILogger logger, string machine, long bytes, TimeSpan time);

    [LoggerMessage(2553, LogLevel.Warning, "The data of machine '{Machine}' could not be copied to disks of its own; it runs on, and it is tried again: {Cause}")]
    public static partial void PullFailed(ILogger logger, string machine, string cause);

    [LoggerMessage(2554, LogLevel.Error, "Copying the data of machine '{Machine}' to disks of its own met an error that was not expected")]
    public static partial void PullFailedOddly(ILogger logger, string machine, Exception cause);

    [LoggerMessage(2555, LogLevel.Warning, "How far machine {Machine} is with copying its data could not be written down")]
    public static partial void ProgressNotKept(ILogger logger, Guid machine, Exception cause);

    [LoggerMessage(2556, LogLevel.Information, "{Export} is served no more")]
    public static partial void ServedNoMore(ILogger logger, Uri export);

    [LoggerMessage(2557, LogLevel.Warning, "The overlays of failover {Run}, which came to nothing, could not be deleted; they are left and hold nothing of use")]
    public static partial void NotDeleted(ILogger logger, Guid run, Exception cause);

    [LoggerMessage(2558, LogLevel.Error, "Machine {Machine} could not be looked up to go on with copying its data; it is tried again")]
    public static partial void NotRead(ILogger logger, Guid machine, Exception cause);
}
