using DisasterTolerance.Chunking;
using DisasterTolerance.Store;

namespace DisasterTolerance.Catalog;

/// <summary>Rows of points from what their manifests say.</summary>
internal static class PointRows
{
    /// <summary>The row of a point in one site's store. A point that was not made by a run is pinned.</summary>
    /// <param name="manifest">The point's manifest.</param>
    /// <param name="hash">The manifest's hash.</param>
    /// <param name="site">The site whose store holds it.</param>
    public static PointRow FromManifest(PointManifest manifest, ContentHash hash, Guid site) => new()
    {
        Uuid = manifest.Point,
        Site = site,
        Machine = manifest.Machine,
        Name = manifest.Name,
        Began = manifest.Began,
        Committed = manifest.Committed,
        Origin = manifest.Origin,
        Epoch = manifest.Epoch,
        Sequence = manifest.Sequence,
        Parent = manifest.Parent,
        Manifest = hash,
        Kind = manifest.Kind,
        Consistency = manifest.Consistency,
        Pinned = manifest.Kind != PointKind.Regular,
        DiskBytes = manifest.Disks.Sum(disk => disk.Definition.LengthBytes),
    };
}
