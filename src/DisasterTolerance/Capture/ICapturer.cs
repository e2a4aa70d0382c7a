using DisasterTolerance.Catalog;

namespace DisasterTolerance.Capture;

/// <summary>Makes a recovery point of a machine's present disks in this site's store. The caller holds the machine's gate. Thread-safe for different machines.</summary>
internal interface ICapturer
{
    /// <summary>
    /// Snapshot, changed extents, chunks, tree, manifest, catalog row, in this order; the point is visible only when all of it is durable. Does not ask who owns the machine: the caller did.
    /// </summary>
    /// <param name="machine">The machine.</param>
    /// <param name="kind">Why the point is made; all kinds but regular are pinned.</param>
    /// <param name="cancellationToken">Ends the capture; nothing of it is visible then.</param>
    ValueTask<CaptureReport> CaptureAsync(Guid machine, PointKind kind, CancellationToken cancellationToken);
}

/// <summary>What a capture did. Sizes in bytes. Immutable.</summary>
internal sealed record CaptureReport(
    PointRow Point, TimeSpan Elapsed, long DiskBytes, long ReadBytes, long ChangedBytes, long StoredBytes, long AuditedBytes, string ComparedBecause);
