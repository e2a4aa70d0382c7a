using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Sqlite;

internal static partial class Log
{
    [LoggerMessage(2700, LogLevel.Information, "Catalog {Path} was opened: id {Id}, last commit {Sequence}, created now: {Created}.")]
    public static partial void Opened(ILogger logger, string path, Guid id, long sequence, bool created);

    [LoggerMessage(2701, LogLevel.Warning, "Catalog {Path}: a failed commit could not be rolled back at once; the next one tries again.")]
    public static partial void RollbackFailed(ILogger logger, string path, Exception cause);

    [LoggerMessage(2702, LogLevel.Information, "Catalog {Path} was closed at commit {Sequence}.")]
    public static partial void Closed(ILogger logger, string path, long sequence);
}
