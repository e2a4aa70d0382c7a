using System.Security.Cryptography;
using DisasterTolerance.Compare.Images;
using ZstdSharp;

namespace DisasterTolerance.Compare.Floor;

/// <summary>
/// The composed loops: the primitives of the product and nothing else, on all cores. Read, zero test, SHA-256, zstd level 1, append, fsync; read, decompress, SHA-256, write, fsync.
/// </summary>
internal static class FloorWork
{
    private const int ChunksPerBatch = 64;
    private const int ChunkBytes = DiskImage.ChunkBytes;

    /// <summary>Captures what differs from what the store holds.</summary>
    /// <param name="image">The disk.</param>
    /// <param name="store">Where to.</param>
    /// <param name="send">Is given each worker's number and batch, after it was appended.</param>
    public static void Capture(string image, FloorStore store, Action<int, ReadOnlyMemory<byte>>? send = null)
    {
        using var file = File.OpenHandle(image);
        OnAllCores(store.Chunks, () => new CaptureBuffers(), (worker, first, count, buffers) =>
        {
            var disk = buffers.Disk.AsSpan(0, count * ChunkBytes);
            DiskImage.ReadExactly(file, disk, (long)first * ChunkBytes);
            var filled = 0;
            for (var index = 0; index < count; index++)
            {
                filled += Add(store, first + index, disk.Slice(index * ChunkBytes, ChunkBytes), buffers.Batch.AsSpan(filled), buffers.Compressor);
            }

            if (filled > 0)
            {
                store.Append(buffers.Batch.AsSpan(0, filled));
                send?.Invoke(worker, buffers.Batch.AsMemory(0, filled));
            }
        });
        store.Flush();
    }

    /// <summary>Writes the disk into a new file.</summary>
    public static void Restore(FloorStore store, string target)
    {
        using var file = File.OpenHandle(target, FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, (long)store.Chunks * ChunkBytes);
        OnAllCores(store.Chunks, () => new RestoreBuffers(), (_, first, count, buffers) =>
        {
            for (var chunk = first; chunk < first + count; chunk++)
            {
                if (!store.IsZero(chunk))
                {
                    store.Read(chunk, buffers.Decompressor, buffers.Packed, buffers.Chunk);
                    RandomAccess.Write(file, buffers.Chunk, (long)chunk * ChunkBytes);
                }
            }
        });
        RandomAccess.FlushToDisk(file);
    }

    /// <summary>Reads and hashes the disk, and writes what differs from the store.</summary>
    public static void RestoreOver(FloorStore store, string target)
    {
        using var file = File.OpenHandle(target, FileMode.Open, FileAccess.ReadWrite);
        OnAllCores(store.Chunks, () => new RestoreBuffers(), (_, first, count, buffers) =>
        {
            Span<byte> hash = stackalloc byte[32];
            for (var chunk = first; chunk < first + count; chunk++)
            {
                DiskImage.ReadExactly(file, buffers.Chunk, (long)chunk * ChunkBytes);
                if (!buffers.Chunk.AsSpan().ContainsAnyExcept((byte)0))
                {
                    if (store.IsZero(chunk))
                    {
                        continue;
                    }
                }
                else
                {
                    SHA256.HashData(buffers.Chunk, hash);
                    if (store.IsSame(chunk, hash))
                    {
                        continue;
                    }
                }

                buffers.Chunk.AsSpan().Clear();
                if (!store.IsZero(chunk))
                {
                    store.Read(chunk, buffers.Decompressor, buffers.Packed, buffers.Chunk);
                }

                RandomAccess.Write(file, buffers.Chunk, (long)chunk * ChunkBytes);
            }
        });
        RandomAccess.FlushToDisk(file);
    }

    private static int Add(FloorStore store, int chunk, ReadOnlySpan<byte> content, Span<byte> batch, Compressor compressor)
    {
        if (!content.ContainsAnyExcept((byte)0))
        {
            store.SetZero(chunk);
            return 0;
        }

        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(content, hash);
        if (store.IsSame(chunk, hash))
        {
            return 0;
        }

        var length = compressor.Wrap(content, batch[FloorStore.HeaderBytes..]);
        FloorStore.WriteHeader(batch, chunk, length, hash);
        return FloorStore.HeaderBytes + length;
    }

    private static void OnAllCores<TBuffers>(int chunks, Func<TBuffers> open, Action<int, int, int, TBuffers> work)
        where TBuffers : IDisposable
    {
        var next = -ChunksPerBatch;
        Task.WaitAll([.. Enumerable.Range(0, Environment.ProcessorCount).Select(worker => Task.Factory.StartNew(
            () =>
            {
                using var buffers = open();
                for (var first = Interlocked.Add(ref next, ChunksPerBatch); first < chunks; first = Interlocked.Add(ref next, ChunksPerBatch))
                {
                    work(worker, first, Math.Min(ChunksPerBatch, chunks - first), buffers);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default))]);
    }

    private sealed class CaptureBuffers : IDisposable
    {
        public byte[] Disk { get; } = new byte[ChunksPerBatch * ChunkBytes];

        public byte[] Batch { get; } = new byte[ChunksPerBatch * (FloorStore.HeaderBytes + Compressor.GetCompressBound(ChunkBytes))];

        public Compressor Compressor { get; } = new(1);

        public void Dispose() => Compressor.Dispose();
    }

    private sealed class RestoreBuffers : IDisposable
    {
        public byte[] Chunk { get; } = new byte[ChunkBytes];

        public byte[] Packed { get; } = new byte[Compressor.GetCompressBound(ChunkBytes)];

        public Decompressor Decompressor { get; } = new();

        public void Dispose() => Decompressor.Dispose();
    }
}
