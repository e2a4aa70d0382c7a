namespace DisasterTolerance.Chunking;

/// <summary>What a chunk's bytes say about it.</summary>
internal static class ChunkContent
{
    /// <summary>Whether all bytes are zero. Vectorised by the base library.</summary>
    public static bool IsZero(ReadOnlySpan<byte> content) => content.IndexOfAnyExcept((byte)0) < 0;

    /// <summary>A chunk's name: its SHA-256, or the well-known name of zeros.</summary>
    public static ContentHash Name(ReadOnlySpan<byte> content) => IsZero(content) ? ContentHash.Zero : ContentHash.Of(content);
}
