using System.Diagnostics;
using System.Globalization;
using DisasterTolerance.Chunking;
using DisasterTolerance.Compression;
using DisasterTolerance.Sites;
using DisasterTolerance.Store;
using DisasterTolerance.Store.Local;
using Microsoft.Extensions.Logging.Abstractions;

namespace DisasterTolerance.Benchmarks.Patches;

/// <summary>
/// What scattered writes add to a store, in full and as patches: chunks and tree nodes apart, on disks of two sizes. The chunks are made up or taken from a file; the disk around them exists as a tree only.
/// </summary>
internal static class PatchCommand
{
    private const int Writes = 2000;
    private const int BlockBytes = 4096;

    public static async Task RunAsync(string folder, string? image)
    {
        Console.WriteLine($"{Writes} writes of 4 KiB to as many chunks of 64 KiB, one store with patches and one without; bytes with all headers.");
        Console.WriteLine("disk      patches   chunks MB   nodes MB   zstd-1 of the blocks MB   allowed MB   chunks MB/s   allocated B/chunk");
        foreach (var leaves in new[] { 1L << 16, 1L << 24 })
        {
            foreach (var patches in new[] { false, true })
            {
                await RunAsync(folder, image, leaves, patches);
            }
        }
    }

    private static async Task RunAsync(string folder, string? image, long leaves, bool patches)
    {
        var path = Path.Combine(folder, $"dt-patches-{Environment.ProcessId}");
        Directory.CreateDirectory(path);
        try
        {
            using var storage = LocalDirectoryStorage.Open(new LocalDirectoryOptions { Path = path });
            await using var store = await RecordStore.OpenAsync(
                storage, new StoreOptions { Patches = patches }, TimeProvider.System, new RandomIdSource(), NullLogger.Instance, CancellationToken.None);
            await MeasureAsync(store, image, leaves, patches);
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static async Task MeasureAsync(RecordStore store, string? image, long leaves, bool patches)
    {
        var geometry = ChunkGeometry.Default;
        var positions = Scatter(leaves);
        var old = new byte[Writes][];
        using var scope = store.BeginScope();
        var tree = await TreeWriter.BeginAsync(store, scope, geometry, DiskTree.Empty(geometry, leaves), leaves, CancellationToken.None);
        var next = 0;
        for (var position = 0L; position < leaves; position++)
        {
            if (next < Writes && positions[next] == position)
            {
                old[next] = await ReadAsync(image, next);
                await scope.AppendAsync(RecordKind.Chunk, ContentHash.Of(old[next]), old[next], CompressionMode.On, CancellationToken.None);
                await tree.SetAsync(position, ContentHash.Of(old[next++]), CancellationToken.None);
            }
            else
            {
                await tree.SetAsync(position, Name(position), CancellationToken.None);
            }
        }

        var before = await tree.FinishAsync(CancellationToken.None);
        await scope.FlushAsync(CancellationToken.None);
        await ChangeAsync(store, before, positions, old, leaves, patches);
    }

    private static async Task ChangeAsync(RecordStore store, DiskTree before, long[] positions, byte[][] old, long leaves, bool patches)
    {
        using var scope = store.BeginScope();
        var tree = await TreeWriter.BeginAsync(store, scope, ChunkGeometry.Default, before, leaves, CancellationToken.None);
        var hashes = old.Select(chunk => ContentHash.Of(chunk)).ToArray();
        var changed = old.Select((chunk, i) => SampleData.Changed(chunk, 1, i)).ToArray();
        var names = changed.Select(chunk => ContentHash.Of(chunk)).ToArray();
        var really = old.Zip(changed, CompressedChange).Sum();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Writes; i++)
        {
            await scope.AppendAsync(RecordKind.Chunk, names[i], changed[i], hashes[i], CompressionMode.On, CancellationToken.None);
        }

        watch.Stop();
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var chunks = scope.AddedBytes;
        for (var i = 0; i < Writes; i++)
        {
            await tree.SetAsync(positions[i], names[i], CancellationToken.None);
        }

        await tree.FinishAsync(CancellationToken.None);
        await scope.FlushAsync(CancellationToken.None);
        var gib = leaves * SampleData.ChunkBytes / (1L << 30);
        var allowed = (really * 1.3) + (2048 * Writes);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{gib,5} GiB {(patches ? "on" : "off"),8} {chunks / 1e6,11:F2} {(scope.AddedBytes - chunks) / 1e6,10:F2} {really / 1e6,25:F2} {allowed / 1e6,12:F2} {Writes * 65536 / 1e6 / watch.Elapsed.TotalSeconds,13:F0} {allocated / (double)Writes,19:F0}"));
    }

    private static int CompressedChange(byte[] before, byte[] after)
    {
        var room = new byte[BlockBytes * 2];
        for (var at = 0; at < after.Length; at += BlockBytes)
        {
            if (!before.AsSpan(at, BlockBytes).SequenceEqual(after.AsSpan(at, BlockBytes)))
            {
                return ZstdCodec.TryCompress(after.AsSpan(at, BlockBytes), room, out var length) ? length : BlockBytes;
            }
        }

        return 0;
    }

    private static async Task<byte[]> ReadAsync(string? image, int number)
    {
        if (image is null)
        {
            return SampleData.Chunk(number);
        }

        var chunk = new byte[SampleData.ChunkBytes];
        using var file = File.OpenHandle(image);
        await RandomAccess.ReadAsync(file, chunk, (long)number * chunk.Length % Math.Max(1, RandomAccess.GetLength(file) - chunk.Length), CancellationToken.None);
        return chunk;
    }

    private static long[] Scatter(long leaves)
    {
        var random = new Random(1);
        HashSet<long> positions = [];
        while (positions.Count < Writes)
        {
            positions.Add(random.NextInt64(leaves));
        }

        return [.. positions.Order()];
    }

    // Stands for a chunk that is of no interest here: names do not compress, whatever they name.
    private static ContentHash Name(long position)
    {
        Span<ulong> bits = stackalloc ulong[4];
        for (var i = 0; i < bits.Length; i++)
        {
            var mixed = ((ulong)position + 1) * 0x9E3779B97F4A7C15 * (ulong)(i + 1);
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            bits[i] = mixed ^ (mixed >> 31);
        }

        return new ContentHash(System.Runtime.InteropServices.MemoryMarshal.AsBytes(bits));
    }
}
