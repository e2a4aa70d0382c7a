using DisasterTolerance.Storage;

namespace DisasterTolerance.Exports;

/// <summary>The directory of one overlay. A seam, so that a test can cut the power at any step. Thread-safe. Errors: <see cref="StorageException"/>.</summary>
internal interface IOverlayFiles
{
    /// <summary>Names this start of the operating system: what was written to a file but not synced is still there as long as it stays the same. Empty if it is not known.</summary>
    Guid Boot { get; }

    bool Exists(string name);

    /// <summary>Opens a file for reading and writing, alone; makes it if it is not there.</summary>
    /// <exception cref="StorageException"><see cref="ErrorCode.StoreInUse"/> if somebody has it open.</exception>
    IOverlayFile Open(string name);

    void Delete(string name);

    /// <summary>Gives a file the name of another one, which it replaces.</summary>
    void Replace(string from, string to);

    /// <summary>Makes the names durable.</summary>
    void SyncDirectory();
}

/// <summary>One file of an overlay. Thread-safe for ranges that do not overlap. Errors: <see cref="StorageException"/>.</summary>
internal interface IOverlayFile : IDisposable
{
    long Length { get; }

    void SetLength(long length);

    /// <returns>Bytes read: fewer than asked for at the end only.</returns>
    int Read(long offset, Span<byte> buffer);

    void Write(long offset, ReadOnlySpan<byte> content);

    /// <summary>Gives the space of a range back, where that can be done. What the range reads as afterwards is not said.</summary>
    void Discard(long offset, long length);

    /// <summary>Makes the content durable.</summary>
    void Sync();
}
