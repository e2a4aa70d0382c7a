namespace DisasterTolerance.QuickStart.Disks;

/// <summary>Makes the disks of the machine.</summary>
internal static class DiskImages
{
    private const int Block = 1 << 20;

    /// <summary>Copies of the user's images, or one made with real files in a real file system, or else a generated one.</summary>
    /// <returns>Paths of the disks, and what they hold, for people.</returns>
    public static async Task<(IReadOnlyList<string> Paths, string About)> CreateAsync(
        QuickStartOptions options, string folder, string scratch, CancellationToken cancellationToken)
    {
        if (options.Disks.Count > 0)
        {
            var copies = new List<string>();
            foreach (var source in options.Disks)
            {
                var copy = Path.Combine(folder, $"disk{copies.Count}.raw");
                await CopySparseAsync(source, copy, cancellationToken);
                copies.Add(copy);
            }

            return (copies, $"copies of {string.Join(", ", options.Disks)}");
        }

        var path = Path.Combine(folder, "disk0.raw");
        var length = (long)options.SizeMiB << 20;
        if (await ExtFileSystem.TryMakeAsync(path, length, scratch, cancellationToken) is { } files)
        {
            return ([path], $"ext4 with {files} files");
        }

        await GenerateAsync(path, length, cancellationToken);
        return ([path], "generated blocks (mke2fs is not installed)");
    }

    /// <summary>A third is data that does not compress, a third text that does, the rest was never written.</summary>
    private static async Task GenerateAsync(string path, long length, CancellationToken cancellationToken)
    {
        var random = new Random(1);
        var block = new byte[Block];
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        file.SetLength(length);
        for (long offset = 0; offset + Block <= length; offset += Block)
        {
            switch (offset / Block % 3)
            {
                case 0:
                    random.NextBytes(block);
                    break;
                case 1:
                    block.AsSpan().Fill((byte)('a' + (offset / Block % 26)));
                    break;
                default:
                    continue;
            }

            file.Position = offset;
            await file.WriteAsync(block, cancellationToken);
        }
    }

    private static async Task CopySparseAsync(string source, string target, CancellationToken cancellationToken)
    {
        var block = new byte[Block];
        await using var from = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        await using var to = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
        to.SetLength(from.Length);
        for (int read; (read = await from.ReadAtLeastAsync(block, block.Length, throwOnEndOfStream: false, cancellationToken)) > 0;)
        {
            if (block.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                to.Position = from.Position - read;
                await to.WriteAsync(block.AsMemory(0, read), cancellationToken);
            }
        }
    }
}
