using DisasterTolerance.Chunking;

namespace DisasterTolerance.Store;

/// <summary>Something whose records must stay: a point by its manifest, or a tree that no manifest names yet. Immutable.</summary>
internal readonly record struct LiveRoot
{
    private LiveRoot(ContentHash hash, int depth, bool isManifest, bool isDamaged) => (Hash, Depth, IsManifest, IsDamaged) = (hash, depth, isManifest, isDamaged);

    public ContentHash Hash { get; }

    /// <summary>Levels of nodes above the leaves; 0 for a manifest.</summary>
    public int Depth { get; }

    public bool IsManifest { get; }

    /// <summary>Whether records of it are known to be missing: what can be reached stays, so that it can be healed, and what cannot be followed is no reason to sweep nothing.</summary>
    public bool IsDamaged { get; }

    /// <summary>A point: its manifest and the trees of all its disks.</summary>
    public static LiveRoot Manifest(ContentHash hash) => new(hash, 0, true, false);

    /// <summary>A point that is known to be damaged.</summary>
    public static LiveRoot Damaged(ContentHash manifest) => new(manifest, 0, true, true);

    /// <summary>One tree, for instance the mixed tree of a receive session.</summary>
    public static LiveRoot Tree(DiskTree tree) => new(tree.Root, tree.Depth, false, false);
}
