using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace DisasterTolerance.HttpApi;

/// <summary>Log messages 3000 to 3099.</summary>
internal static partial class Log
{
    [LoggerMessage(3000, LogLevel.Information, "{Path} was refused with code {Code}: {Reason}")]
    public static partial void Refused(ILogger logger, PathString path, int code, string reason);

    [LoggerMessage(3001, LogLevel.Error, "{Path} failed unexpectedly")]
    public static partial void Unexpected(ILogger logger, Exception error, PathString path);

    [LoggerMessage(3002, LogLevel.Warning, "Work that {Path} had accepted failed with code {Code}: {Reason}")]
    public static partial void AcceptedWorkFailed(ILogger logger, PathString path, int code, string reason);

    [LoggerMessage(3003, LogLevel.Information, "Work that {Path} had accepted was ended because the host stops; what had passed its point of no return is taken up again at the next start, the rest has to be asked for again")]
    public static partial void AcceptedWorkEnded(ILogger logger, PathString path);
}
