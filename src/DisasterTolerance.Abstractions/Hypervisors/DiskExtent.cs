namespace DisasterTolerance.Hypervisors;

/// <summary>A range of a disk with one kind of content.</summary>
/// <param name="Offset">First byte, not negative.</param>
/// <param name="Length">Length in bytes, positive.</param>
/// <param name="Kind">What is known of the content.</param>
public readonly record struct DiskExtent(long Offset, long Length, ExtentKind Kind)
{
    /// <summary>The first byte behind the extent.</summary>
    public long End => checked(Offset + Length);
}

/// <summary>What is known of an extent's content.</summary>
public enum ExtentKind
{
    /// <summary>Anything: it has to be read.</summary>
    Data = 0,
    /// <summary>Reads as zeros, for certain.</summary>
    Zero = 1,
    /// <summary>Never written; reads as zeros, for certain.</summary>
    Unallocated = 2,
}
