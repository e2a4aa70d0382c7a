namespace DisasterTolerance.Chunking;

/// <summary>A disk's content as the root of its tree. Equal roots of equal depth mean equal content. Immutable.</summary>
/// <param name="Root">Hash of the top node, of the only leaf at depth 0, or zero if everything is zeros.</param>
/// <param name="Depth">Levels of nodes above the leaves.</param>
internal readonly record struct DiskTree(ContentHash Root, int Depth)
{
    /// <summary>A tree of zeros over that many leaves.</summary>
    public static DiskTree Empty(ChunkGeometry geometry, long leafCount) => new(ContentHash.Zero, geometry.DepthOf(leafCount));
}

/// <summary>A leaf that is not zero. Immutable.</summary>
/// <param name="Position">The chunk's number in its disk.</param>
/// <param name="Hash">The chunk's hash.</param>
internal readonly record struct Leaf(long Position, ContentHash Hash);

/// <summary>A leaf that differs between two trees. Immutable.</summary>
/// <param name="Position">The chunk's number in its disk.</param>
/// <param name="Old">Its hash in the first tree; zero also where that tree has no such leaf.</param>
/// <param name="New">Its hash in the second tree; zero also where that tree has no such leaf.</param>
internal readonly record struct LeafChange(long Position, ContentHash Old, ContentHash New);
