namespace DisasterTolerance;

/// <summary>
/// Serves the disks of recovery points of this site's store by NBD, so that other programs can look into them, copy them or start from them. Thread-safe. Needs nothing from the other site.
/// </summary>
public interface IPointExports
{
    /// <summary>
    /// Serves all disks of a point until the result is disposed or the site stops. Retention and sweep leave the point alone meanwhile. The point itself never changes: what is written goes to an overlay
    /// of this use, which is deleted with it.
    /// </summary>
    /// <param name="request">What to serve.</param>
    /// <param name="cancellationToken">Ends the call; then nothing is served.</param>
    /// <returns>The point that is served. Dispose it when nobody uses the disks any more.</returns>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.NotFound"/>, <see cref="ErrorCode.NoRecoveryPoint"/>, <see cref="ErrorCode.Ambiguous"/>, <see cref="ErrorCode.DataDamaged"/>,
    /// or why the socket or the overlays cannot be used.</exception>
    ValueTask<IServedPoint> ServeAsync(PointExportRequest request, CancellationToken cancellationToken = default);
}

/// <summary>What to serve. Immutable.</summary>
public sealed record PointExportRequest
{
    /// <summary>The machine, by the uuid of the protected object or of either side.</summary>
    public required Guid Machine { get; init; }

    /// <summary>The point, by uuid or name; null for the newest usable one.</summary>
    public string? Point { get; init; }

    /// <summary>Whether the disks can be written to, each over an overlay of its own. Default: false.</summary>
    public bool IsWritable { get; init; }

    /// <summary>Who asks, for the audit log.</summary>
    public required string Actor { get; init; }
}

/// <summary>A point that is served. Disposing closes all connections, and returns when nothing of the point is used any more and the overlays are deleted; a second time has no effect. Thread-safe.</summary>
public interface IServedPoint : IAsyncDisposable
{
    /// <summary>The point's uuid.</summary>
    Guid Point { get; }

    /// <summary>The point's name.</summary>
    string PointName { get; }

    /// <summary>Its disks, in the order of the machine's definition.</summary>
    IReadOnlyList<ServedPointDisk> Disks { get; }
}

/// <summary>A disk that is served. Immutable.</summary>
/// <param name="Disk">The disk's id.</param>
/// <param name="LengthBytes">Its length in bytes.</param>
/// <param name="Uri">Where it is on this machine, for this process' user: <c>nbd+unix:///NAME?socket=PATH</c>.</param>
/// <param name="RemoteUri">Where it is for other machines: <c>nbds://HOST:PORT/NAME</c>; null if the site does not listen for them.</param>
public sealed record ServedPointDisk(string Disk, long LengthBytes, Uri Uri, Uri? RemoteUri);
