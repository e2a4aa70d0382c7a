using System.Buffers.Binary;
using System.Security.Cryptography;

namespace DisasterTolerance.QuickStart.Disks;

/// <summary>What a disk holds: its SHA-256, and a short hash of each 64 KiB, so that two states can be compared without the product's help.</summary>
internal sealed record DiskFingerprint(string Sha256, IReadOnlyList<ulong> Chunks)
{
    public const int ChunkBytes = 64 << 10;

    public static async Task<DiskFingerprint> ReadAsync(string path, CancellationToken cancellationToken)
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var chunks = new List<ulong>();
        var buffer = new byte[ChunkBytes];
        var hash = new byte[SHA256.HashSizeInBytes];
        await using var file = File.OpenRead(path);
        for (int read; (read = await file.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken)) > 0;)
        {
            whole.AppendData(buffer, 0, read);
            SHA256.HashData(buffer.AsSpan(0, read), hash);
            chunks.Add(BinaryPrimitives.ReadUInt64LittleEndian(hash));
        }

        return new DiskFingerprint(Convert.ToHexStringLower(whole.GetHashAndReset()), chunks);
    }

    /// <summary>Bytes of the chunks in which this state differs from an earlier one.</summary>
    public long ChangedBytesSince(DiskFingerprint earlier) =>
        (long)ChunkBytes * Enumerable.Range(0, Chunks.Count).Count(i => i >= earlier.Chunks.Count || Chunks[i] != earlier.Chunks[i]);
}
