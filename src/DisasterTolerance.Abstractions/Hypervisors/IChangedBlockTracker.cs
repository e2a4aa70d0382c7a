namespace DisasterTolerance.Hypervisors;

/// <summary>Optional ability of an <see cref="IHypervisorProvider"/>: knows what changed since an earlier snapshot. Thread-safe.</summary>
public interface IChangedBlockTracker
{
    /// <summary>
    /// The extents of a disk that may differ between the moment of a token and the snapshot. Naming too much is allowed, too little never: a tracker that is not certain
    /// (lost, inconsistent, interrupted, overflowed, another disk) answers <see cref="ChangedExtents.Unknown"/>.
    /// </summary>
    /// <param name="snapshot">A snapshot of this provider.</param>
    /// <param name="disk">Id of one of its disks.</param>
    /// <param name="since">Token of the same disk from an earlier snapshot whose outcome was <see cref="SnapshotOutcome.Captured"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<ChangedExtents> GetChangedExtentsAsync(ISnapshot snapshot, string disk, ChangeToken since, CancellationToken cancellationToken);
}

/// <summary>A position of a change tracker: opaque text of the provider, at most 1,024 characters.</summary>
/// <param name="Value">The provider's text.</param>
public readonly record struct ChangeToken(string Value);

/// <summary>The answer of a change tracker: extents, or "unknown" with a reason. Immutable.</summary>
public sealed class ChangedExtents
{
    private ChangedExtents(IReadOnlyList<DiskExtent>? extents, string? unknownBecause)
    {
        Extents = extents;
        UnknownBecause = unknownBecause;
    }

    /// <summary>The extents that may have changed, ascending, without overlaps; null if unknown.</summary>
    public IReadOnlyList<DiskExtent>? Extents { get; }

    /// <summary>Why nobody knows; null if known.</summary>
    public string? UnknownBecause { get; }

    /// <summary>The changes are known.</summary>
    /// <param name="extents">Ascending, without overlaps; empty if nothing changed, for certain.</param>
    public static ChangedExtents Known(IReadOnlyList<DiskExtent> extents) => new(extents, null);

    /// <summary>The changes are not known: the run compares everything and its report says why.</summary>
    /// <param name="because">The reason, for people.</param>
    public static ChangedExtents Unknown(string because) => new(null, because);
}
