using System.Security.Cryptography;
using DisasterTolerance.Benchmarks.Nbd;
using DisasterTolerance.Chunking;
using DisasterTolerance.Store;
using Microsoft.Win32.SafeHandles;
using ZstdSharp;

namespace DisasterTolerance.Benchmarks.Restore;

/// <summary>
/// The floor of a restore: the packs' records in the order in which they lie, read in big pieces, decompressed, hashed and written on all cores. Knows where everything belongs before the clock runs, checks
/// nothing but the hash, and stops at the first error.
/// </summary>
internal sealed class ComposedRestore(string path, long length, IReadOnlyList<ComposedRestore.Piece> pieces, int chunkSize)
{
    private const int PieceBytes = 1 << 20;

    /// <summary>Finds out where each record of the disk lies.</summary>
    public static async Task<ComposedRestore> PlanAsync(StoredDisk stored, string folder, string path)
    {
        var positions = new Dictionary<ContentHash, long>();
        await foreach (var batch in new TreeReader(stored.Store, stored.Point.Geometry, stored.Disk.Tree).LeavesAsync(0, long.MaxValue, default))
        {
            for (var i = 0; i < batch.Length; i++)
            {
                positions[batch.Span[i].Hash] = batch.Span[i].Position * stored.Point.Geometry.ChunkSize;
            }
        }

        List<Piece> pieces = [];
        foreach (var file in Directory.EnumerateFiles(Path.Combine(folder, "packs")).Order(StringComparer.Ordinal))
        {
            var pack = await File.ReadAllBytesAsync(file);
            List<Part> parts = [];
            var (start, at) = (PackFormat.HeaderSize, PackFormat.HeaderSize);
            for (; RecordHeader.Read(pack.AsSpan(at), out var header) == RecordFault.None; at += header.TotalLength)
            {
                if (at + header.TotalLength - start > PieceBytes)
                {
                    pieces.Add(new Piece(file, start, at - start, parts));
                    (parts, start) = ([], at);
                }

                if (positions.TryGetValue(header.Hash, out var offset))
                {
                    parts.Add(new Part(at - start, header, offset));
                }
            }

            pieces.Add(new Piece(file, start, at - start, parts));
        }

        return new ComposedRestore(path, stored.Disk.Definition.LengthBytes, pieces, stored.Point.Geometry.ChunkSize);
    }

    public Task RunAsync()
    {
        File.Delete(path);
        using var target = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(target, length);
        var next = -1;
        Parallel.For(0, Environment.ProcessorCount, _ =>
        {
            var (stored, chunk) = (new byte[PieceBytes * 2], new byte[chunkSize]);
            using var decompressor = new Decompressor();
            SafeFileHandle? pack = null;
            string? open = null;
            for (var index = Interlocked.Increment(ref next); index < pieces.Count; index = Interlocked.Increment(ref next))
            {
                var piece = pieces[index];
                if (open != piece.File)
                {
                    pack?.Dispose();
                    (pack, open) = (File.OpenHandle(piece.File), piece.File);
                }

                RandomAccess.Read(pack!, stored.AsSpan(0, piece.Length), piece.Offset);
                foreach (var part in piece.Parts)
                {
                    Decode(decompressor, stored.AsSpan(part.At + RecordHeader.Size, part.Header.PayloadLength), part.Header, chunk);
                    RandomAccess.Write(target, chunk.AsSpan(0, (int)Math.Min(chunkSize, length - part.Offset)), part.Offset);
                }
            }

            pack?.Dispose();
        });
        return Task.CompletedTask;
    }

    private static void Decode(Decompressor decompressor, ReadOnlySpan<byte> payload, in RecordHeader header, Span<byte> chunk)
    {
        if (header.Codec == RecordCodec.Raw)
        {
            payload.CopyTo(chunk);
        }
        else
        {
            decompressor.Unwrap(payload, chunk);
        }

        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(chunk, hash);
        if (new ContentHash(hash) != header.Hash)
        {
            throw new InvalidDataException("A chunk has another hash.");
        }
    }

    internal sealed record Piece(string File, long Offset, int Length, IReadOnlyList<Part> Parts);

    internal readonly record struct Part(int At, RecordHeader Header, long Offset);
}
