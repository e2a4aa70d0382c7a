namespace DisasterTolerance.Store;

/// <summary>How a store keeps its records. Every member has a default that fits most sites.</summary>
public sealed class StoreOptions
{
    /// <summary>Bytes at which a pack is sealed, 1 MiB to 256 MiB. Default 64 MiB. Larger packs mean fewer blobs and dearer sweeps.</summary>
    public int PackBytes { get; set; } = 64 << 20;

    /// <summary>A pack whose live share falls below this is rewritten by a sweep, 0 to 0.95. Default 0.5. 0 deletes only packs without any live record.</summary>
    public double RewriteBelowLiveShare { get; set; } = 0.5;

    /// <summary>
    /// Whether changed chunks and tree nodes are stored, and shipped to this store, as patches: compressed against what was at the same place before. Default true. A store that was opened without
    /// reads the patches it has all the same.
    /// </summary>
    public bool Patches { get; set; } = true;

    /// <summary>
    /// Names by which plans may ask for this store (<c>storage_medium</c>), each 1 to 256 characters. A plan that names another one is kept here all the same, and its author is told.
    /// Default: none.
    /// </summary>
    public IReadOnlyList<string> Media { get; set; } = [];

    /// <summary>
    /// A local directory for packs that are not full yet. Needed if, and used only if, the storage cannot append; it must survive a power loss like the storage
    /// itself. Default null.
    /// </summary>
    public string? SpoolDirectory { get; set; }
}
