using System.Globalization;

namespace DisasterTolerance.Compare.Images;

/// <summary>The disk that all subjects capture, and the states that it goes through: base → scattered writes → a day's change. One caller at a time.</summary>
internal sealed class LiveDisk
{
    private readonly string _original;
    private int _state;

    private LiveDisk(string original, string live, DiskFacts facts, params IReadOnlyList<BlockPatch> patches)
    {
        _original = original;
        Path = live;
        Facts = facts;
        Patches = patches;
    }

    public string Path { get; }

    public DiskFacts Facts { get; }

    private IReadOnlyList<BlockPatch> Patches { get; }

    /// <summary>Makes the disk, or takes one that was kept.</summary>
    public static async Task<LiveDisk> MakeAsync(string folder, CommandOptions options, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var original = System.IO.Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"original-{(options.IsSmall ? "small" : "full")}-{options.Seed}.raw"));
        if (!File.Exists(original))
        {
            await MakeOriginalAsync(original, options, cancellationToken);
        }

        var live = System.IO.Path.Combine(folder, "live.raw");
        File.Delete(live);
        DiskImage.Copy(original, live);
        var data = DiskImage.FindData(live);
        var scattered = new Changes(live, data, options.Seed).Scatter();
        scattered.Apply(live);
        var day = new Changes(live, DiskImage.FindData(live), options.Seed).Day();
        scattered.TakeBack(live);
        var facts = new DiskFacts(
            new FileInfo(live).Length,
            (long)data.Count(isData => isData) * DiskImage.ChunkBytes,
            new ChangeFacts(scattered.Chunks, scattered.Blocks, scattered.CompressedBytes()),
            new ChangeFacts(day.Chunks, day.Blocks, day.CompressedBytes()));
        return new LiveDisk(original, live, facts, scattered, day);
    }

    /// <summary>Gives the disk the state in which a row captures it, with a new time stamp.</summary>
    public void SetFor(Row row)
    {
        var wanted = row switch { Row.First or Row.Nothing => 0, Row.Scattered => 1, _ => 2 };
        for (; _state < wanted; _state++)
        {
            Patches[_state].Apply(Path);
        }

        for (; _state > wanted; _state--)
        {
            Patches[_state - 1].TakeBack(Path);
        }

        // A running machine's disk always has a new stamp; without it some peers would not even read the file.
        File.SetLastWriteTimeUtc(Path, DateTime.UtcNow);
    }

    /// <summary>The disk was set back before the day's change by the subject itself.</summary>
    public void DemandRestored()
    {
        _state = 1;
        for (; _state > 0; _state--)
        {
            Patches[_state - 1].TakeBack(Path);
        }

        DiskImage.DemandSame(_original, Path);
    }

    /// <summary>The way back after a subject that failed.</summary>
    public void Reset()
    {
        foreach (var patch in Patches.Reverse())
        {
            patch.TakeBack(Path);
        }

        _state = 0;
    }

    private static async Task MakeOriginalAsync(string path, CommandOptions options, CancellationToken cancellationToken)
    {
        var sources = path + ".files";
        try
        {
            SourceFiles.Fill(sources, options.IsSmall ? 300L << 20 : 2400L << 20, options.Seed);
            await using var processes = new ProcessGroup(null);
            await DiskImage.MakeAsync(path + ".new", sources, options.IsSmall ? 512L << 20 : 4096L << 20, processes, cancellationToken);
            File.Move(path + ".new", path);
        }
        finally
        {
            Directory.Delete(sources, true);
        }
    }
}

/// <summary>What the disk holds and how much of it changes.</summary>
internal sealed record DiskFacts(long DiskBytes, long DataBytes, ChangeFacts Scattered, ChangeFacts Day);

/// <summary>A change in chunks of 64 KiB and blocks of 4 KiB, and what zstd at level 1 leaves of the blocks.</summary>
internal sealed record ChangeFacts(int Chunks, int Blocks, long CompressedBytes);
