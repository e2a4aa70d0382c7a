namespace DisasterTolerance.Nbd;

/// <summary>A range of an export with one status in one metadata context.</summary>
/// <param name="Offset">First byte, not negative.</param>
/// <param name="Length">Length in bytes, positive.</param>
/// <param name="Status">
/// The bits of the context. In <c>base:allocation</c> 1 is a hole and 2 reads as zeros; in <c>qemu:dirty-bitmap:NAME</c> 1 is dirty.
/// </param>
public readonly record struct NbdExtent(long Offset, long Length, uint Status)
{
    /// <summary>The context that every server knows which knows contexts at all.</summary>
    public const string BaseAllocation = "base:allocation";

    /// <summary>The bit of <c>base:allocation</c> that says "not allocated".</summary>
    public const uint Hole = 1;

    /// <summary>The bit of <c>base:allocation</c> that says "reads as zeros".</summary>
    public const uint Zero = 2;

    /// <summary>The bit of <c>qemu:dirty-bitmap:NAME</c> that says "changed".</summary>
    public const uint Dirty = 1;

    /// <summary>The first byte behind the extent.</summary>
    public long End => checked(Offset + Length);
}
