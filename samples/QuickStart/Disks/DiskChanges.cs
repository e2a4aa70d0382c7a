namespace DisasterTolerance.QuickStart.Disks;

/// <summary>Changes a disk the way a guest would: writes a file where there is a file system, else overwrites blocks.</summary>
internal sealed class DiskChanges(string scratch)
{
    private const int Cluster = 64 << 10;

    private int _changes;

    /// <summary>Writes about so many bytes to the first disk.</summary>
    public async Task WriteAsync(string disk, bool hasFileSystem, int bytes, CancellationToken cancellationToken)
    {
        var data = new byte[bytes];
        new Random(++_changes).NextBytes(data);
        if (hasFileSystem && await WriteFileAsync(disk, data, cancellationToken))
        {
            return;
        }

        await using var file = new FileStream(disk, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var clusters = Math.Max(1, file.Length / Cluster);
        for (var offset = 0; offset < data.Length; offset += Cluster)
        {
            // Spread over the disk, at other places each time.
            file.Position = (offset / Cluster * 7 + _changes * 3) % clusters * Cluster;
            var length = (int)Math.Min(Cluster, Math.Min(data.Length - offset, file.Length - file.Position));
            await file.WriteAsync(data.AsMemory(offset, length), cancellationToken);
        }
    }

    private async Task<bool> WriteFileAsync(string disk, byte[] data, CancellationToken cancellationToken)
    {
        var source = Path.Combine(scratch, $"written-{_changes}");
        await File.WriteAllBytesAsync(source, data, cancellationToken);
        var written = await ExtFileSystem.TryWriteAsync(disk, source, $"written-{_changes}.bin", cancellationToken);
        File.Delete(source);
        return written;
    }
}
