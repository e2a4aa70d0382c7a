using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

/// <summary>Messages of the links: events 2350 to 2399.</summary>
internal static partial class Log
{
    [LoggerMessage(2350, LogLevel.Information, "The link to '{Name}' ({Peer}) is up, protocol version {Version}")]
    public static partial void LinkUp(ILogger logger, string name, Guid peer, int version);

    [LoggerMessage(2351, LogLevel.Warning, "The link to '{Name}' ({Peer}) is down: {Reason} ({Code})")]
    public static partial void LinkDown(ILogger logger, string name, Guid peer, string reason, ErrorCode code);

    [LoggerMessage(2352, LogLevel.Warning, "A connection from a peer was refused: {Why} ({Suppressed} earlier refusals were not logged)")]
    public static partial void Refused(ILogger logger, string why, long suppressed);

    [LoggerMessage(2353, LogLevel.Debug, "Request '{Method}' of peer {Peer} failed")]
    public static partial void HandlerFailed(ILogger logger, string method, Guid peer, Exception exception);

    [LoggerMessage(2354, LogLevel.Debug, "The answer to '{Method}' did not reach peer {Peer}")]
    public static partial void AnswerLost(ILogger logger, string method, Guid peer, Exception exception);

    [LoggerMessage(2355, LogLevel.Debug, "A frame of type {Type} did not reach peer {Peer}: {Why}")]
    public static partial void FrameLost(ILogger logger, FrameType type, Guid peer, string why);

    [LoggerMessage(2356, LogLevel.Error, "The control connection to {Peer} ended unexpectedly")]
    public static partial void SessionFailed(ILogger logger, Guid peer, Exception exception);

    [LoggerMessage(2357, LogLevel.Warning, "Session {Session} of peer {Peer} ended with an error")]
    public static partial void DataFailed(ILogger logger, Guid session, Guid peer, Exception exception);

    [LoggerMessage(2358, LogLevel.Error, "A handler of a link's state failed")]
    public static partial void StateHandlerFailed(ILogger logger, Exception exception);

    [LoggerMessage(2359, LogLevel.Error, "Accepting connections failed; trying again")]
    public static partial void AcceptFailed(ILogger logger, Exception exception);

    [LoggerMessage(2360, LogLevel.Warning, "Some handlers of links did not end when the site stopped")]
    public static partial void StopIncomplete(ILogger logger);

    [LoggerMessage(2361, LogLevel.Information, "Peer '{Name}' does not answer at host {Host}: {Why}")]
    public static partial void ProbeFailed(ILogger logger, string name, string host, string why);
}
