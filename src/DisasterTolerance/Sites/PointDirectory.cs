using DisasterTolerance.Catalog;
using DisasterTolerance.Store;

namespace DisasterTolerance.Sites;

/// <summary>Finds points of a machine in the catalog and reads their manifests from the store. Thread-safe.</summary>
internal sealed class PointDirectory(SiteContext site)
{
    /// <summary>All points of a machine in one site's store, newest first.</summary>
    public async ValueTask<IReadOnlyList<PointRow>> ListAsync(Guid machine, Guid store, CancellationToken cancellationToken, bool includeRemoved = false)
    {
        // Not by pages: a point that is removed between two of them would hide another one.
        var query = new PointQuery { Machine = machine, Site = store, IncludeRemoved = includeRemoved, Take = int.MaxValue };
        return (await site.Catalog.QueryPointsAsync(query, cancellationToken).ConfigureAwait(false)).Items;
    }

    /// <summary>All points of a machine in this site's store, newest first.</summary>
    public ValueTask<IReadOnlyList<PointRow>> ListOwnAsync(Guid machine, CancellationToken cancellationToken) => ListAsync(machine, site.Uuid, cancellationToken);

    /// <summary>Reads and checks a point's manifest.</summary>
    /// <exception cref="DisasterToleranceException"><see cref="ErrorCode.DataDamaged"/> naming the point.</exception>
    public async ValueTask<PointManifest> ReadManifestAsync(PointRow point, CancellationToken cancellationToken)
    {
        try
        {
            return await site.Store.ReadManifestAsync(point.Manifest, cancellationToken).ConfigureAwait(false);
        }
        catch (DisasterToleranceException e) when (e.Code == ErrorCode.DataDamaged)
        {
            throw new DisasterToleranceException(
                ErrorCode.DataDamaged,
                $"Recovery point {point.Name} ({point.Uuid}) cannot be used: its manifest is missing or damaged in the store of site '{site.Name}'. {e.Message} Use another point, or verify the store to fetch it from the peer.",
                innerException: e);
        }
    }
}
