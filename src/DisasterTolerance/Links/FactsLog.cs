using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Links;

internal static partial class Log
{
    [LoggerMessage(2110, LogLevel.Warning, "The facts of machine {Machine} as site '{Peer}' sent them were refused: {Reason}")]
    public static partial void FactsRefused(ILogger logger, Guid machine, string peer, string reason);

    [LoggerMessage(2111, LogLevel.Warning, "Link {Link} as site '{Peer}' has it was refused: {Reason}")]
    public static partial void LinkRefused(ILogger logger, Guid link, string peer, string reason);

    [LoggerMessage(2112, LogLevel.Information, "All facts of site '{Peer}' were heard: {Plans} plans, {Machines} machines")]
    public static partial void FactsHeard(ILogger logger, string peer, int plans, int machines);

    [LoggerMessage(2113, LogLevel.Warning, "The facts of site '{Peer}' could not be heard completely; the sites meet again in {Delay}")]
    public static partial void MeetingFailed(ILogger logger, string peer, TimeSpan delay, Exception? cause);

    [LoggerMessage(2114, LogLevel.Debug, "Site '{Peer}' could not be told of changes; it is told again in {Delay}")]
    public static partial void TellingFailed(ILogger logger, string peer, TimeSpan delay, Exception cause);

    [LoggerMessage(2115, LogLevel.Warning, "The facts of machine {Machine} could not be taken from site '{Peer}'")]
    public static partial void PullFailed(ILogger logger, Guid machine, string peer, Exception cause);

    [LoggerMessage(2117, LogLevel.Warning, "Plan {Plan} could not be taken from site '{Peer}'")]
    public static partial void PlanPullFailed(ILogger logger, Guid plan, string peer, Exception cause);
}
