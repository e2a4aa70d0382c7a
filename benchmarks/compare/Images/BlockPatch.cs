using ZstdSharp;

namespace DisasterTolerance.Compare.Images;

/// <summary>Blocks of a disk that change, with what was there before: can be applied and taken back.</summary>
internal sealed class BlockPatch
{
    private readonly SortedDictionary<long, (byte[] Before, byte[] After)> _blocks = [];

    public int Blocks => _blocks.Count;

    public int Chunks => _blocks.Keys.Select(block => block / BlocksPerChunk).Distinct().Count();

    private static int BlocksPerChunk => DiskImage.ChunkBytes / DiskImage.BlockBytes;

    /// <summary>Sets a block. Setting it again replaces what it becomes.</summary>
    public void Set(long block, byte[] before, byte[] after) => _blocks[block] = (_blocks.TryGetValue(block, out var known) ? known.Before : before, after);

    public bool Contains(long block) => _blocks.ContainsKey(block);

    public void Apply(string image) => Write(image, change => change.After);

    public void TakeBack(string image) => Write(image, change => change.Before);

    /// <summary>What zstd at level 1 leaves of the changed blocks, those of one chunk together: the least that can be shipped without the old content.</summary>
    public long CompressedBytes()
    {
        using var compressor = new Compressor(1);
        return _blocks.GroupBy(block => block.Key / BlocksPerChunk).Sum(chunk => (long)compressor.Wrap(chunk.SelectMany(block => block.Value.After).ToArray()).Length);
    }

    private void Write(string image, Func<(byte[] Before, byte[] After), byte[]> choose)
    {
        using var file = File.OpenHandle(image, FileMode.Open, FileAccess.Write);
        foreach (var (block, change) in _blocks)
        {
            RandomAccess.Write(file, choose(change), block * DiskImage.BlockBytes);
        }
    }
}
