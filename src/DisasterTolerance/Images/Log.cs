using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Images;

internal static partial class Log
{
    [LoggerMessage(2600, LogLevel.Error, "The machine folder {Folder} is left out: its definition cannot be used")]
    public static partial void DefinitionBroken(ILogger logger, Exception error, string folder);

    [LoggerMessage(2601, LogLevel.Error, "Machine {Machine} is left out: both {FirstFolder} and {SecondFolder} describe it")]
    public static partial void DuplicateUuid(ILogger logger, Guid machine, string firstFolder, string secondFolder);

    [LoggerMessage(2602, LogLevel.Warning, "Disk {Disk} of machine {Machine} cannot be used: {Path}")]
    public static partial void DiskUnusable(ILogger logger, Exception error, Guid machine, string disk, string path);

    [LoggerMessage(2603, LogLevel.Warning, "Machine {Machine} is made unknown; its disk {Disk} is not in its folder and stays: {Path}")]
    public static partial void DiskLeft(ILogger logger, Guid machine, string disk, string path);

    [LoggerMessage(2604, LogLevel.Debug, "Snapshot {Snapshot} of machine {Machine}: cloned {Disks} disks")]
    public static partial void SnapshotCloned(ILogger logger, Guid machine, string snapshot, int disks);

    [LoggerMessage(2605, LogLevel.Debug, "Snapshot {Snapshot} of machine {Machine}: watches {Disks} disks, which cannot be cloned")]
    public static partial void SnapshotWatched(ILogger logger, Guid machine, string snapshot, int disks);

    [LoggerMessage(2606, LogLevel.Warning, "Snapshot {Snapshot} of machine {Machine} is not from one instant; these disks changed meanwhile: {Paths}")]
    public static partial void DisksChanged(ILogger logger, Guid machine, string snapshot, string paths);
}
