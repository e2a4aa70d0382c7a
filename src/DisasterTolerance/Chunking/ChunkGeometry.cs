using System.Numerics;

namespace DisasterTolerance.Chunking;

/// <summary>How a disk is cut into chunks and its tree into nodes: fixed per machine at its first run, the same on both sites. Immutable.</summary>
internal readonly record struct ChunkGeometry
{
    public const int MinChunkSize = 4 << 10;
    public const int MaxChunkSize = 1 << 20;
    public const int MinFanOut = 16;
    public const int MaxFanOut = 64;

    /// <param name="chunkSize">Bytes per chunk: a power of two from 4 KiB to 1 MiB.</param>
    /// <param name="fanOut">Children per node: a power of two from 16 to 64, so that a node is always shorter than a chunk.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them is not allowed.</exception>
    public ChunkGeometry(int chunkSize, int fanOut)
    {
        if (!IsAllowed(chunkSize, fanOut))
        {
            throw new ArgumentOutOfRangeException(nameof(chunkSize), $"Chunk size {chunkSize} with fan-out {fanOut} is not allowed: powers of two, 4 KiB to 1 MiB and 16 to 64.");
        }

        ChunkSize = chunkSize;
        FanOut = fanOut;
    }

    public static ChunkGeometry Default => new(64 << 10, 64);

    public int ChunkSize { get; }

    public int FanOut { get; }

    /// <summary>Greatest length of a node's content in bytes.</summary>
    public int MaxNodeBytes => FanOut * ContentHash.Length;

    private int FanOutBits => BitOperations.Log2((uint)FanOut);

    public static bool IsAllowed(int chunkSize, int fanOut) =>
        chunkSize is >= MinChunkSize and <= MaxChunkSize && BitOperations.IsPow2(chunkSize)
        && fanOut is >= MinFanOut and <= MaxFanOut && BitOperations.IsPow2(fanOut)
        && fanOut * ContentHash.Length < chunkSize;

    /// <summary>Leaves of a disk: its length in chunks, the last partial one counted in full.</summary>
    public long LeafCount(long diskLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(diskLength);
        return (diskLength / ChunkSize) + (diskLength % ChunkSize == 0 ? 0 : 1);
    }

    /// <summary>Levels of nodes over that many leaves: the least d with FanOut^d ≥ leaves; 0 for none or one.</summary>
    public int DepthOf(long leafCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(leafCount);
        if (leafCount <= 1)
        {
            return 0;
        }

        var bits = 64 - BitOperations.LeadingZeroCount((ulong)(leafCount - 1));
        return (bits + FanOutBits - 1) / FanOutBits;
    }

    /// <summary>Leaves below one node of a level (1 at level 0), or <see cref="long.MaxValue"/> where that is more.</summary>
    public long SpanOf(int level)
    {
        var bits = level * FanOutBits;
        return bits >= 63 ? long.MaxValue : 1L << bits;
    }

    /// <summary>Which child of its node of <paramref name="level"/> leads to a leaf.</summary>
    public int SlotOf(long position, int level)
    {
        var bits = (level - 1) * FanOutBits;
        return bits >= 63 ? 0 : (int)((position >> bits) & (FanOut - 1));
    }

    /// <summary>First leaf below the node of a level that a leaf lies under.</summary>
    public long FirstLeafOf(long position, int level)
    {
        var bits = level * FanOutBits;
        return bits >= 63 ? 0 : position >> bits << bits;
    }
}
