namespace DisasterTolerance.Storage;

/// <summary>A blob in a listing.</summary>
/// <param name="Name">The blob's name.</param>
/// <param name="Length">Its length in bytes.</param>
public readonly record struct BlobInfo(string Name, long Length);
