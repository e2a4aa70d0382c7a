namespace DisasterTolerance.Benchmarks.Restore;

/// <summary>Real files of this machine as the content of a disk: they compress like a disk does, which made-up bytes do not. Used in memory, so that reading them costs nothing.</summary>
internal sealed class RealContent
{
    private const int MaxBytes = 512 << 20;
    private const int MaxFile = 64 << 20;

    private readonly byte[] _bytes;

    private RealContent(byte[] bytes) => _bytes = bytes;

    /// <summary>Reads the files of a folder one after the other, up to a limit.</summary>
    public static RealContent Load(string folder)
    {
        using var content = new MemoryStream();
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            if (content.Length < MaxBytes && new FileInfo(path) is { LinkTarget: null, Length: > 0 and < MaxFile })
            {
                content.Write(File.ReadAllBytes(path));
            }
        }

        return new RealContent(content.ToArray());
    }

    /// <summary>Fills a chunk. Chunks are different even where the files come round again.</summary>
    public void Fill(Span<byte> chunk, long position)
    {
        var round = position * chunk.Length / _bytes.Length;
        var at = ((position * chunk.Length) + (round * 4099)) % (_bytes.Length - chunk.Length);
        _bytes.AsSpan((int)at, chunk.Length).CopyTo(chunk);
    }

    /// <summary>The folder of the runtime that runs this: hundreds of megabytes of programs, data and text.</summary>
    public static string DefaultFolder => Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
}
