namespace DisasterTolerance.Images;

/// <summary>
/// Tells whether files changed since a moment, by their stamps. Nothing can be seen of a block device. A write through a memory map may be seen late; no hypervisor that we
/// know writes raw images that way.
/// </summary>
internal sealed class DiskWatch
{
    /// <summary>Kernels stamp all writes of one clock tick (up to 10 ms) alike, so stamps mean something only when they have stood still for longer.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(25);

    private const int Attempts = 3;

    private readonly FileStamp?[] _stamps;

    private DiskWatch(FileStamp?[] stamps, bool wasQuiet)
    {
        _stamps = stamps;
        WasQuiet = wasQuiet;
    }

    /// <summary>Whether the files stood still at the begin. If not, the watch proves nothing.</summary>
    public bool WasQuiet { get; }

    /// <summary>Whether there is a file that cannot be watched.</summary>
    public bool IsPartial => Array.Exists(_stamps, stamp => stamp is null);

    /// <summary>Watches from now on; every write behind this call, and none before it, is seen.</summary>
    public static async ValueTask<DiskWatch> BeginAsync(IReadOnlyList<ImageFile> files, CancellationToken cancellationToken)
    {
        FileStamp?[] stamps = Read(files);
        bool quiet = stamps.All(stamp => stamp is null);
        for (int attempt = 0; attempt < Attempts && !quiet; attempt++)
        {
            // The file system's clock is the real one, whatever time the engine runs under.
            await Task.Delay(Quiet, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            FileStamp?[] next = Read(files);
            quiet = next.AsSpan().SequenceEqual(stamps);
            stamps = next;
        }

        return new DiskWatch(stamps, quiet);
    }

    /// <summary>The length that a file had at the begin; null for a block device.</summary>
    public long? LengthOf(int index) => _stamps[index]?.Size;

    /// <summary>The files that are not as they were at the begin.</summary>
    public IReadOnlyList<string> FindChanged(IReadOnlyList<ImageFile> files)
    {
        FileStamp?[] now = Read(files);
        return [.. files.Where((_, index) => now[index] != _stamps[index]).Select(file => file.Path)];
    }

    private static FileStamp?[] Read(IReadOnlyList<ImageFile> files) =>
        [.. files.Select(file => file.IsBlockDevice ? (FileStamp?)null : file.GetStamp())];
}
