using DisasterTolerance.Hypervisors;

namespace DisasterTolerance.Qemu.Snapshots;

/// <summary>Puts extents in order and together. Pure.</summary>
internal static class ExtentUnion
{
    /// <summary>Everything that any of the extents covers: ascending, without overlaps, neighbours joined.</summary>
    public static IReadOnlyList<DiskExtent> Of(IEnumerable<DiskExtent> extents)
    {
        List<DiskExtent> union = [];
        foreach (var extent in extents.OrderBy(extent => extent.Offset))
        {
            if (union.Count > 0 && union[^1].End >= extent.Offset)
            {
                union[^1] = union[^1] with { Length = Math.Max(union[^1].End, extent.End) - union[^1].Offset };
            }
            else
            {
                union.Add(extent);
            }
        }

        return union;
    }
}
