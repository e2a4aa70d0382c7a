using DisasterTolerance.Store;

namespace DisasterTolerance.InstantBoot;

/// <summary>
/// Serves the disks of points as block devices that can be written: what is written lies in overlays that belong to one failover, and the point stays as it is. Thread-safe for different failovers.
/// </summary>
internal interface IBootExports
{
    /// <summary>
    /// Serves all disks of a point through the overlays of a failover. Repeated, also after a restart: the same overlays at the same addresses. When it returns new overlays are durable, and what a client
    /// flushes is durable before it is told so.
    /// </summary>
    /// <param name="run">The failover's id.</param>
    /// <param name="manifest">The point.</param>
    /// <param name="create">Whether overlays may be made. If not, a missing one is an error: an empty one in its place would bring back what the guest has overwritten.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>Where each disk is served, by disk id.</returns>
    ValueTask<IReadOnlyDictionary<string, Uri>> OpenAsync(Guid run, PointManifest manifest, bool create, CancellationToken cancellationToken);

    /// <summary>Ends serving the disks of a failover and deletes its overlays. None: no error.</summary>
    /// <param name="run">The failover's id.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    ValueTask DeleteAsync(Guid run, CancellationToken cancellationToken);

    /// <summary>Ends serving everything; the overlays stay. Clients wait until they are served again.</summary>
    /// <param name="cancellationToken">Makes the stop less patient.</param>
    ValueTask StopAsync(CancellationToken cancellationToken);
}
