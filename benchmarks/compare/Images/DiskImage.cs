using Microsoft.Win32.SafeHandles;

namespace DisasterTolerance.Compare.Images;

/// <summary>A raw image and its geometry.</summary>
internal static class DiskImage
{
    public const int BlockBytes = 4096;

    public const int ChunkBytes = 65_536;

    /// <summary>Makes an ext4 file system of a folder's files, without mounting it.</summary>
    public static async Task MakeAsync(string path, string folder, long bytes, ProcessGroup processes, CancellationToken cancellationToken)
    {
        const string Id = "d15a57e2-0000-4000-8000-000000000001";
        using (var file = File.Create(path))
        {
            file.SetLength(bytes);
        }

        var command = new Command(
            "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-U", Id, "-E", $"hash_seed={Id},root_owner=0:0,lazy_itable_init=0,nodiscard", "-d", folder, path)
        {
            Environment = new Dictionary<string, string> { ["E2FSPROGS_FAKE_TIME"] = "1795000000", ["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin" },
        };
        await processes.RunAsync(command, cancellationToken);
    }

    /// <summary>Copies an image; what is zero stays a hole.</summary>
    public static void Copy(string from, string to)
    {
        using var source = File.OpenHandle(from);
        using var target = File.OpenHandle(to, FileMode.Create, FileAccess.Write);
        var length = RandomAccess.GetLength(source);
        RandomAccess.SetLength(target, length);
        ForEachChunk(source, length, (offset, chunk) =>
        {
            if (chunk.ContainsAnyExcept((byte)0))
            {
                RandomAccess.Write(target, chunk, offset);
            }
        });
    }

    /// <summary>Which chunks hold data.</summary>
    public static bool[] FindData(string path)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        var data = new bool[length / ChunkBytes];
        ForEachChunk(file, length, (offset, chunk) => data[offset / ChunkBytes] = chunk.ContainsAnyExcept((byte)0));
        return data;
    }

    /// <summary>Compares every byte.</summary>
    /// <exception cref="InvalidDataException">They differ.</exception>
    public static void DemandSame(string expected, string path)
    {
        using var left = File.OpenHandle(expected);
        using var right = File.OpenHandle(path);
        var length = RandomAccess.GetLength(left);
        if (RandomAccess.GetLength(right) != length)
        {
            throw new InvalidDataException($"'{path}' is {RandomAccess.GetLength(right)} bytes long instead of {length}.");
        }

        ForEachChunk(left, length, (offset, chunk) =>
        {
            var other = new byte[chunk.Length];
            ReadExactly(right, other, offset);
            if (!chunk.SequenceEqual(other))
            {
                throw new InvalidDataException($"'{path}' differs from '{expected}' at {offset + chunk.CommonPrefixLength(other)}.");
            }
        });
    }

    public static void ReadExactly(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(file, buffer, offset);
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    /// <summary>Reads all chunks on all cores, in any order.</summary>
    private static void ForEachChunk(SafeFileHandle file, long length, ChunkAction act) => Parallel.For(
        0,
        (int)(length / ChunkBytes),
        () => new byte[ChunkBytes],
        (index, _, buffer) =>
        {
            ReadExactly(file, buffer, (long)index * ChunkBytes);
            act((long)index * ChunkBytes, buffer);
            return buffer;
        },
        _ => { });

    private delegate void ChunkAction(long offset, ReadOnlySpan<byte> chunk);
}
