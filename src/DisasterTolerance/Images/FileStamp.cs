namespace DisasterTolerance.Images;

/// <summary>What tells one state of a file from another without reading it. Times are nanoseconds since 1970 by the file system's clock.</summary>
internal readonly record struct FileStamp(ulong Device, ulong Inode, long Size, long ModifiedNs, long ChangedNs);

/// <summary>What lies at a path.</summary>
internal enum FileKind
{
    Missing,
    Regular,
    BlockDevice,
    Other,
}
