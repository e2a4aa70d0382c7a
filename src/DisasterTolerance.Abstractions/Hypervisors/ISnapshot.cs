namespace DisasterTolerance.Hypervisors;

/// <summary>
/// All disks of a machine at one instant. Thread-safe. Disposing closes handles and nothing more; <see cref="IHypervisorProvider.ReleaseSnapshotAsync"/> ends the snapshot.
/// </summary>
public interface ISnapshot : IAsyncDisposable
{
    /// <summary>The id that the snapshot was taken with.</summary>
    string Id { get; }

    /// <summary>The machine's uuid on this site.</summary>
    Guid Machine { get; }

    /// <summary>The consistency that was reached.</summary>
    SnapshotConsistency Consistency { get; }

    /// <summary>The machine's definition at that instant. Its disks are those of <see cref="Disks"/>, in the same order.</summary>
    MachineDefinition Definition { get; }

    /// <summary>All disks.</summary>
    IReadOnlyList<ISnapshotDisk> Disks { get; }

    /// <summary>
    /// Asked once after the last read: did everything that was read come from one instant? A provider with real snapshots says <see cref="SnapshotStability.Stable"/>;
    /// one that can only watch a file says what it saw.
    /// </summary>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask<SnapshotStability> CheckStabilityAsync(CancellationToken cancellationToken);
}

/// <summary>One disk of a snapshot. Thread-safe: reads may overlap.</summary>
public interface ISnapshotDisk
{
    /// <summary>Id, exact length and kind.</summary>
    DiskDefinition Definition { get; }

    /// <summary>Where the change tracker stands at this instant, to be given to <see cref="IChangedBlockTracker"/> by a later run; null without a tracker.</summary>
    ChangeToken? ChangeToken { get; }

    /// <summary>Reads into the caller's buffer and fills all of it.</summary>
    /// <param name="offset">First byte; <paramref name="offset"/> plus the buffer's length is not beyond the disk's length.</param>
    /// <param name="destination">Filled completely.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="HypervisorException"><see cref="ErrorCode.DiskUnusable"/> if the content cannot be read.</exception>
    ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>
    /// The whole disk as extents in ascending order, without gaps or overlaps, from 0 to its length. What a provider cannot tell is
    /// <see cref="ExtentKind.Data"/>; data is always safe, <see cref="ExtentKind.Zero"/> must be certain. A disk of zero bytes has no extent.
    /// </summary>
    /// <param name="cancellationToken">Ends the listing.</param>
    IAsyncEnumerable<DiskExtent> GetExtentsAsync(CancellationToken cancellationToken);
}
