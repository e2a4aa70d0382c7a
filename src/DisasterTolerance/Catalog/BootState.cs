namespace DisasterTolerance.Catalog;

/// <summary>A machine that was brought up from this site's exports of a point, instead of from disks that were written first. Immutable.</summary>
/// <param name="Run">Id of the failover that did it, which names the exports and their overlays.</param>
/// <param name="Point">The point. It stays until no export is used any more.</param>
/// <param name="Since">When the exports were decided on.</param>
/// <param name="Stage">How far it is.</param>
/// <param name="TotalBytes">Sum of the lengths of the disks.</param>
/// <param name="PulledBytes">Bytes of them that were copied to disks of the machine's own, as last told: while the site runs, its progress is newer.</param>
/// <param name="Error">Why the last attempt to copy them failed; empty if it did not. It is tried again, and the machine runs on.</param>
public sealed record BootState(Guid Run, Guid Point, DateTimeOffset Since, BootStage Stage, long TotalBytes, long PulledBytes = 0, string Error = "");

/// <summary>How far a machine is that was brought up from exports. Stored in catalogs: never renumbered.</summary>
public enum BootStage
{
    /// <summary>It belongs to this site and is to be started. It may or may not have been.</summary>
    Starting = 0,
    /// <summary>It was started, and its data are copied to disks of its own.</summary>
    Pulling = 1,
    /// <summary>It uses no export any more. What was kept for them is being deleted.</summary>
    Leaving = 2,
}
