using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Compare.Images;

/// <summary>What happens to a disk between two captures, from a seed.</summary>
internal sealed class Changes(string image, bool[] data, int seed)
{
    private const int ScatteredBlocks = 2000;
    private const double DayShareOfChunks = 0.08;

    // With runs in this share of the chunks, and edited pages in the rest, about 3.5 % of the blocks change in 8 % of the chunks.
    private const double RunsShare = 0.42;

    private static int BlocksPerChunk => DiskImage.ChunkBytes / DiskImage.BlockBytes;

    /// <summary>Single pages of a database, anywhere.</summary>
    public BlockPatch Scatter()
    {
        var (patch, pool) = (new BlockPatch(), new ContentPool(seed + 1));
        var chunks = DataChunks();
        using var file = File.OpenHandle(image);
        while (patch.Blocks < Math.Min(ScatteredBlocks, chunks.Length / 8))
        {
            var block = (chunks[pool.Random.Next(chunks.Length)] * BlocksPerChunk) + pool.Random.Next(BlocksPerChunk);
            if (!patch.Contains(block))
            {
                patch.Set(block, Read(file, block), pool.Pages(1));
            }
        }

        return patch;
    }

    /// <summary>A working day: files are written anew or grow, in runs; pages of databases are edited, in clusters. On top of what is on the disk now.</summary>
    public BlockPatch Day()
    {
        var (patch, pool) = (new BlockPatch(), new ContentPool(seed + 2));
        var chunks = DataChunks();
        var goal = (int)(chunks.Length * DayShareOfChunks);
        using var file = File.OpenHandle(image);
        while (patch.Chunks < goal * RunsShare)
        {
            Rewrite(patch, pool, file, chunks);
        }

        while (patch.Chunks < goal)
        {
            EditCluster(patch, pool, file, chunks, goal - patch.Chunks);
        }

        return patch;
    }

    private void Rewrite(BlockPatch patch, ContentPool pool, SafeFileHandle file, long[] chunks)
    {
        var blocks = 1 << pool.Random.Next(3, 9);
        var first = (chunks[pool.Random.Next(chunks.Length)] * BlocksPerChunk) + pool.Random.Next(BlocksPerChunk);
        var content = pool.Random.Next(20) switch
        {
            < 7 => pool.Log(blocks * DiskImage.BlockBytes),
            < 12 => pool.Compressed(blocks * DiskImage.BlockBytes),
            < 15 => pool.Pages(blocks),
            _ => Elsewhere(pool, file, chunks, blocks),
        };
        for (var block = 0; block < blocks && (first + block) / BlocksPerChunk < data.Length; block++)
        {
            patch.Set(first + block, Read(file, first + block), content.AsSpan(block * DiskImage.BlockBytes, DiskImage.BlockBytes).ToArray());
        }
    }

    // Another version of a program: what is elsewhere on the disk, moved so that no chunk is one that is known.
    private static byte[] Elsewhere(ContentPool pool, SafeFileHandle file, long[] chunks, int blocks)
    {
        var content = new byte[blocks * DiskImage.BlockBytes];
        var offset = (chunks[pool.Random.Next(chunks.Length)] * DiskImage.ChunkBytes) + pool.Random.Next(1, DiskImage.ChunkBytes);
        RandomAccess.Read(file, content, offset);
        for (var at = pool.Random.Next(600); at < content.Length; at += pool.Random.Next(300, 900))
        {
            content[at] ^= 0x55;
        }

        return content;
    }

    private static void EditCluster(BlockPatch patch, ContentPool pool, SafeFileHandle file, long[] chunks, int most)
    {
        var center = pool.Random.Next(chunks.Length);
        for (var near = 0; near < 96 && center + near < chunks.Length && most > 0; near++)
        {
            if (pool.Random.Next(5) < 3)
            {
                continue;
            }

            most--;
            for (var page = pool.Random.Next(1, 4); page > 0; page--)
            {
                var block = (chunks[center + near] * BlocksPerChunk) + pool.Random.Next(BlocksPerChunk);
                if (!patch.Contains(block))
                {
                    var before = Read(file, block);
                    var after = (byte[])before.Clone();
                    pool.Edit(after);
                    patch.Set(block, before, after);
                }
            }
        }
    }

    private long[] DataChunks() => [.. Enumerable.Range(0, data.Length).Where(chunk => data[chunk]).Select(chunk => (long)chunk)];

    private static byte[] Read(SafeFileHandle file, long block)
    {
        var content = new byte[DiskImage.BlockBytes];
        DiskImage.ReadExactly(file, content, block * DiskImage.BlockBytes);
        return content;
    }
}
