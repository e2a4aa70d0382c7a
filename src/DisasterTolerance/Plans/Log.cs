using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Plans;

internal static partial class Log
{
    [LoggerMessage(2100, LogLevel.Warning, "Plan {Plan} as site '{Peer}' has it was refused: {Reason}")]
    public static partial void PlanRefused(ILogger logger, Guid plan, string peer, string reason);

    [LoggerMessage(2101, LogLevel.Warning, "Machine {Machine} as site '{Peer}' has it in a plan was refused: {Reason}")]
    public static partial void MachineRefused(ILogger logger, Guid machine, string peer, string reason);

    [LoggerMessage(2102, LogLevel.Information, "The schedule of {Count} machines did not fit their plans after the last stop and was computed anew")]
    public static partial void SchedulesRepaired(ILogger logger, int count);
}
