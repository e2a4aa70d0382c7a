namespace DisasterTolerance.Storage;

/// <summary>Space of a storage in bytes.</summary>
/// <param name="FreeBytes">Bytes that can still be stored, or null if unknown or without limit.</param>
/// <param name="TotalBytes">Size of the storage, or null if unknown or without limit.</param>
public readonly record struct StorageSpace(long? FreeBytes, long? TotalBytes);
