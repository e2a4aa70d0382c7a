using Microsoft.Extensions.Logging;

namespace DisasterTolerance.Store;

/// <summary>The store's log messages: 2200 to 2299.</summary>
internal static partial class Log
{
    [LoggerMessage(2200, LogLevel.Error, "Pack {Pack} is abandoned: writing to it failed. Its first {DurableBytes} bytes stay readable, what was not yet acknowledged is lost and will be written again.")]
    public static partial void PackAbandoned(ILogger log, string pack, int durableBytes, Exception cause);

    [LoggerMessage(2201, LogLevel.Warning, "Pack {Pack} could not be closed; this is tried again later.")]
    public static partial void PackNotClosed(ILogger log, string pack, Exception cause);

    [LoggerMessage(2202, LogLevel.Information, "Store {Store} is open: generation {Generation}, {Packs} packs, {Records} records.")]
    public static partial void StoreOpened(ILogger log, Guid store, long generation, int packs, long records);

    [LoggerMessage(2203, LogLevel.Warning, "Pack {Pack} was scanned because {Reason}: {Records} records are good, {SkippedBytes} bytes between them are not.")]
    public static partial void PackScanned(ILogger log, string pack, string reason, int records, long skippedBytes);

    [LoggerMessage(2204, LogLevel.Warning, "Pack {Pack} carries the header of another pack or store ({Store}, {Sequence}). Its records are used, because each carries its own hash.")]
    public static partial void PackOfAnother(ILogger log, string pack, Guid store, long sequence);

    [LoggerMessage(2205, LogLevel.Error, "Record {Hash} in pack {Pack} at {Offset} is not held any more: {Reason}.")]
    public static partial void RecordDropped(ILogger log, string hash, string pack, long offset, string reason);

    [LoggerMessage(2206, LogLevel.Warning, "The list of damaged records of pack {Pack} could not be kept. They are found again by the next verification.")]
    public static partial void DamageNotKept(ILogger log, string pack, Exception cause);

    [LoggerMessage(2207, LogLevel.Warning, "The sweep removed nothing: {Missing} records are missing, so it cannot be told what else is needed. Heal or remove the points that need them.")]
    public static partial void SweepIncomplete(ILogger log, int missing);

    [LoggerMessage(2208, LogLevel.Information, "Swept: {Deleted} of {Packs} packs deleted, {Freed} bytes freed, {Rewritten} bytes copied.")]
    public static partial void Swept(ILogger log, int deleted, int packs, long freed, long rewritten);

    [LoggerMessage(2209, LogLevel.Warning, "Pack {Pack} could not be swept; the next sweep tries again.")]
    public static partial void PackNotSwept(ILogger log, string pack, Exception cause);

    [LoggerMessage(2210, LogLevel.Information, "Pack {Pack} was uploaded before; its copy in the spool is removed.")]
    public static partial void SpoolUploadedBefore(ILogger log, string pack);

    [LoggerMessage(2211, LogLevel.Information, "{Operation} on the storage failed and is tried again in {Delay} (try {Attempt}).")]
    public static partial void StorageRetried(ILogger log, string operation, TimeSpan delay, int attempt, Exception cause);

    [LoggerMessage(2212, LogLevel.Warning, "The store's index could not be written to its file. Until the store is opened again it stays in memory, however large it is; then it is built from the packs.")]
    public static partial void IndexNotWritten(ILogger log, Exception cause);

    [LoggerMessage(2213, LogLevel.Information, "The store's index file is not the one of this state of the store. The index is built from the packs.")]
    public static partial void IndexStale(ILogger log);
}
