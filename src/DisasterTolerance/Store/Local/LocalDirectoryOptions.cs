namespace DisasterTolerance.Store.Local;

/// <summary>Where a local directory keeps blobs.</summary>
public sealed class LocalDirectoryOptions
{
    /// <summary>The directory; created if its parent exists. One process at a time uses it. No default.</summary>
    public string Path { get; set; } = "";
}
