using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Upkeep;

internal static partial class Log
{
    [LoggerMessage(2800, LogLevel.Information, "Removed point {Point} of machine '{Machine}': {Because}")]
    public static partial void Removed(ILogger logger, string point, string machine, string because);

    [LoggerMessage(2801, LogLevel.Warning, "Retention of machine '{Machine}' is paused: {Because}")]
    public static partial void Paused(ILogger logger, string machine, string because);

    [LoggerMessage(2802, LogLevel.Information, "Sweep: {Packs} packs deleted, {Freed} bytes freed, {Live} bytes live")]
    public static partial void Swept(ILogger logger, int packs, long freed, long live);

    [LoggerMessage(2803, LogLevel.Error, "Sweep removed nothing: {Missing} records that points need are missing or damaged; verify the store")]
    public static partial void SweepRefused(ILogger logger, int missing);

    [LoggerMessage(2804, LogLevel.Error, "Housekeeping failed; it is tried again at its next time")]
    public static partial void HousekeepingFailed(ILogger logger, Exception cause);

    [LoggerMessage(2805, LogLevel.Warning, "Damaged records of machine '{Machine}' could not be healed from site '{Peer}'")]
    public static partial void NotHealed(ILogger logger, string machine, string peer, Exception cause);
}
