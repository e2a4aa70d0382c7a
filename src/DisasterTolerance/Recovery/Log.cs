using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Recovery;

internal static partial class Log
{
    [LoggerMessage(2500, LogLevel.Information, "Restored point {Point} to machine '{Machine}': {Disks} disks, {Bytes} bytes written")]
    public static partial void Restored(ILogger logger, string point, string machine, int disks, long bytes);

    [LoggerMessage(2501, LogLevel.Information, "Machine '{Machine}': epoch {Number} belongs to site {Owner} from now on ({Why})")]
    public static partial void OwnerWritten(ILogger logger, string machine, long number, string owner, string why);

    [LoggerMessage(2502, LogLevel.Error, "Work that nobody waits for any more failed")]
    public static partial void BackgroundFailed(ILogger logger, Exception cause);

    [LoggerMessage(2503, LogLevel.Warning, "Machine '{Machine}': {Work} was given up: {Cause}")]
    public static partial void GivenUp(ILogger logger, string machine, string work, string cause);

    [LoggerMessage(2504, LogLevel.Error, "Machine '{Machine}' could not be brought back to what it was before {Work}")]
    public static partial void GivingUpFailed(ILogger logger, string machine, string work, Exception cause);

    [LoggerMessage(2505, LogLevel.Warning, "Hand-over of machine '{Machine}' to site '{Peer}' waits: {Cause}")]
    public static partial void HandOverWaits(ILogger logger, string machine, string peer, string cause);

    [LoggerMessage(2506, LogLevel.Error, "Machine '{Machine}' is owned by this site but could not be started")]
    public static partial void StartFailed(ILogger logger, string machine, Exception cause);

    [LoggerMessage(2507, LogLevel.Warning, "Site '{Peer}' was asked to stop machine '{Machine}' and did not say that it did; the failover goes on because it is forced: {Cause}")]
    public static partial void StopNotConfirmed(ILogger logger, string peer, string machine, string cause);

    [LoggerMessage(2508, LogLevel.Warning, "Site '{Peer}' did not say whether machine '{Machine}' runs there, which is read as unknown: {Cause}")]
    public static partial void PowerUnknown(ILogger logger, string peer, string machine, string cause);

    [LoggerMessage(2509, LogLevel.Warning, "Machine '{Machine}': conflict of owners: {Because}")]
    public static partial void ConflictDeclared(ILogger logger, string machine, string because);

    [LoggerMessage(2510, LogLevel.Warning, "Machine '{Machine}': who owns it cannot be decided yet: {Because}")]
    public static partial void Undecided(ILogger logger, string machine, string because);

    [LoggerMessage(2511, LogLevel.Information, "Machine '{Machine}': its last state here is kept as point {Point}")]
    public static partial void ResidualKept(ILogger logger, string machine, string point);

    [LoggerMessage(2512, LogLevel.Information, "Machine '{Machine}': this site's hypervisor does not know it, so there is no last state to keep")]
    public static partial void NothingToKeep(ILogger logger, string machine);

    [LoggerMessage(2513, LogLevel.Error, "Unfinished {Work} of machine {Machine} could not be taken up; it is tried again in some minutes")]
    public static partial void ResumeFailed(ILogger logger, string work, Guid machine, Exception cause);

    [LoggerMessage(2514, LogLevel.Information, "Takes up unfinished {Work} of machine '{Machine}' at step {Step}")]
    public static partial void Resumes(ILogger logger, string work, string machine, string step);

    [LoggerMessage(2515, LogLevel.Warning, "Site '{Peer}' did not yet follow the choice of the owner of machine '{Machine}'; it does when the sites meet: {Cause}")]
    public static partial void LoserWaits(ILogger logger, string peer, string machine, string cause);

    [LoggerMessage(2516, LogLevel.Warning, "The present state of machine '{Machine}' cannot be kept and is overwritten all the same, because the restore is forced: {Cause}")]
    public static partial void NotKept(ILogger logger, string machine, string cause);

    [LoggerMessage(2517, LogLevel.Information, "Site '{Peer}' asked to stop machine '{Machine}'")]
    public static partial void StopAsked(ILogger logger, string peer, string machine);

    [LoggerMessage(2518, LogLevel.Warning, "Machine '{Machine}' did not come up within the time for its priority; the next priority is started")]
    public static partial void NotUpInTime(ILogger logger, string machine);

    [LoggerMessage(2519, LogLevel.Warning, "Unfinished work could not be looked for; it is tried again in some minutes")]
    public static partial void LookFailed(ILogger logger, Exception cause);

    [LoggerMessage(2520, LogLevel.Warning, "{Call} failed in passing and is tried again: {Cause}")]
    public static partial void PowerCallRepeats(ILogger logger, string call, string cause);

    [LoggerMessage(2521, LogLevel.Warning, "A new owner could not be written and is tried again: {Cause}")]
    public static partial void OwnerWriteRepeats(ILogger logger, string cause);

    [LoggerMessage(2522, LogLevel.Error, "Machine '{Machine}': that this site cannot become its replica could not be written into its row")]
    public static partial void NotShown(ILogger logger, string machine, Exception cause);

    [LoggerMessage(2523, LogLevel.Error, "The recovery of machine '{Machine}' met an error that was not expected")]
    public static partial void RecoveryFailedOddly(ILogger logger, string machine, Exception cause);

    [LoggerMessage(2524, LogLevel.Warning, "Machine '{Machine}' may have been started or not: its hypervisor does not say")]
    public static partial void StartUnknown(ILogger logger, string machine, Exception cause);

    [LoggerMessage(2525, LogLevel.Information, "Machine '{Machine}' answers, {Time} after its recovery began")]
    public static partial void Alive(ILogger logger, string machine, TimeSpan time);

    [LoggerMessage(2526, LogLevel.Information, "Machine '{Machine}': no sign of life was heard within {Time}")]
    public static partial void NoSign(ILogger logger, string machine, TimeSpan time);

    [LoggerMessage(2527, LogLevel.Warning, "Machine '{Machine}': its first sign of life could not be added to the record of its recovery")]
    public static partial void SignNotKept(ILogger logger, string machine, Exception cause);

    [LoggerMessage(2528, LogLevel.Information, "Machine '{Machine}': its first sign of life is not waited for any more, because the site ends")]
    public static partial void SignNotAwaited(ILogger logger, string machine);

    [LoggerMessage(2529, LogLevel.Warning, "Machine '{Machine}': its console could not be pictured")]
    public static partial void NoPicture(ILogger logger, string machine, Exception cause);

    [LoggerMessage(2530, LogLevel.Warning, "Machine '{Machine}': the picture of its console is larger than {Bytes} bytes and was not kept")]
    public static partial void PictureTooLarge(ILogger logger, string machine, int bytes);

    [LoggerMessage(2531, LogLevel.Warning, "Machine '{Machine}' cannot be started from exports of its point, so its disks are written first")]
    public static partial void NotServed(ILogger logger, string machine, Exception cause);
}
