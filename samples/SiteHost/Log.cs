using System.Net;

namespace DisasterTolerance.SiteHost;

/// <summary>Log messages 9000 to 9099.</summary>
internal static partial class Log
{
    [LoggerMessage(9000, LogLevel.Warning, "{Remote} showed a wrong key for {Path}")]
    public static partial void WrongKey(ILogger logger, IPAddress? remote, PathString path);

    [LoggerMessage(9001, LogLevel.Information, "{Remote} was refused: it calls this host '{Host}'")]
    public static partial void ForeignHost(ILogger logger, IPAddress? remote, string? host);

    [LoggerMessage(9002, LogLevel.Information, "{Remote} was refused: it comes from a web page of '{Origin}'")]
    public static partial void ForeignOrigin(ILogger logger, IPAddress? remote, string origin);

    [LoggerMessage(9010, LogLevel.Information, "Audit {Sequence}: {Actor} asked for {Action} of {Target}: {Outcome}. {Detail}")]
    public static partial void Audit(ILogger logger, long sequence, string actor, string action, string target, string outcome, string detail);

    [LoggerMessage(9011, LogLevel.Warning, "The audit log could not be read; its entries are shown later")]
    public static partial void AuditUnreadable(ILogger logger, Exception error);
}
