using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Qemu;

internal static partial class Log
{
    [LoggerMessage(3600, LogLevel.Error, "The machine definition in '{Folder}' cannot be used and is left out")]
    public static partial void DefinitionBroken(ILogger logger, string folder, Exception cause);

    [LoggerMessage(3601, LogLevel.Error, "The uuid {Machine} stands in '{First}' and in '{Second}'; both are left out. Give one of them another uuid")]
    public static partial void DuplicateUuid(ILogger logger, Guid machine, string first, string second);

    [LoggerMessage(3602, LogLevel.Warning, "The file systems of machine {Machine} were not frozen: {Reason}. The snapshot is as after pulling the plug")]
    public static partial void NotFrozen(ILogger logger, Guid machine, string reason);

    [LoggerMessage(3603, LogLevel.Warning, "Machine {Machine} was not thawed yet and is asked again: {Reason}")]
    public static partial void ThawRepeats(ILogger logger, Guid machine, string reason);

    [LoggerMessage(3604, LogLevel.Critical, "Machine {Machine} may still be frozen: its agent does not answer. Thaw it in the guest (fsfreeze --unfreeze), or reset it. The next snapshot tries again")]
    public static partial void StaysFrozen(ILogger logger, Guid machine);

    [LoggerMessage(3605, LogLevel.Warning, "Left over from a process that was killed: snapshot {Snapshot} of machine {Machine}. Its copy-before-write images are taken away; its bitmaps are kept until it is released")]
    public static partial void Leftover(ILogger logger, string snapshot, Guid machine);

    [LoggerMessage(3606, LogLevel.Warning, "Leftovers of machine {Machine} could not be taken away; the next snapshot tries again")]
    public static partial void LeftoversStay(ILogger logger, Guid machine, Exception cause);

    [LoggerMessage(3607, LogLevel.Warning, "Bitmaps of disk '{Disk}' of machine {Machine} could not be settled ({Reason}); the next run of this disk compares everything if they are of no use")]
    public static partial void NotSettled(ILogger logger, string disk, Guid machine, string reason);

    [LoggerMessage(3608, LogLevel.Error, "Snapshot {Snapshot} of machine {Machine} was given up so that the guest can go on: {Reason}")]
    public static partial void GivenUp(ILogger logger, string snapshot, Guid machine, string reason);

    [LoggerMessage(3609, LogLevel.Information, "Machine {Machine} was started")]
    public static partial void Started(ILogger logger, Guid machine);

    [LoggerMessage(3610, LogLevel.Information, "Machine {Machine} went off: {Result}")]
    public static partial void WentOff(ILogger logger, Guid machine, string result);

    [LoggerMessage(3611, LogLevel.Warning, "Machine {Machine}: {Problem}")]
    public static partial void Problem(ILogger logger, Guid machine, string problem);

    [LoggerMessage(3612, LogLevel.Information, "Machine {Machine} runs on disks of its own now; it stood still for {Pause}")]
    public static partial void SwitchedOver(ILogger logger, Guid machine, TimeSpan pause);

    [LoggerMessage(3613, LogLevel.Error, "What a killed process left in machines could not be looked for")]
    public static partial void CleaningFailed(ILogger logger, Exception cause);

    [LoggerMessage(3614, LogLevel.Information, "Machine {Machine} is off and has disks of its own now")]
    public static partial void PulledOff(ILogger logger, Guid machine);
}
