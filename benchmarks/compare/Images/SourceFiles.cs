namespace DisasterTolerance.Compare.Images;

/// <summary>Fills a folder with what a server's disk holds: programs and documents of this computer, and logs, databases and archives from a seed.</summary>
internal static class SourceFiles
{
    private static readonly string[] Places = ["/usr/lib", "/usr/share", "/usr/bin", "/usr/include"];
    private static readonly DateTime Written = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Fills the folder.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="bytes">How much; three quarters are real files.</param>
    /// <param name="seed">Which of them, and what is generated.</param>
    public static void Fill(string folder, long bytes, int seed)
    {
        var copied = Copy(Path.Combine(folder, "usr"), bytes * 3 / 4, seed);
        Generate(Path.Combine(folder, "var"), bytes - copied, new ContentPool(seed));
        foreach (var entry in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
        {
            File.SetLastWriteTimeUtc(entry, Written);
        }
    }

    private static long Copy(string folder, long bytes, int seed)
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device, IgnoreInaccessible = true };
        var files = Places.Where(Directory.Exists).SelectMany(place => Directory.EnumerateFiles(place, "*", options)).Order(StringComparer.Ordinal).ToArray();
        new Random(seed).Shuffle(files);
        long copied = 0;
        foreach (var file in files)
        {
            var length = new FileInfo(file).Length;
            if (length is 0 or > 128 << 20 || copied + length > bytes)
            {
                continue;
            }

            var target = Path.Combine(folder, Path.GetRelativePath("/usr", file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            try
            {
                File.WriteAllBytes(target, File.ReadAllBytes(file));
                copied += length;
            }
            catch (UnauthorizedAccessException)
            {
                // Without root not every file can be read; others take its place.
                continue;
            }
        }

        return copied;
    }

    private static void Generate(string folder, long bytes, ContentPool pool)
    {
        Directory.CreateDirectory(folder);
        for (var file = 0; bytes > 0; file++)
        {
            var length = (int)Math.Min(bytes, pool.Random.Next(64 << 10, 24 << 20));
            var (name, content) = (file % 5) switch
            {
                0 or 1 => ($"server.log.{file}", pool.Log(length)),
                2 => ($"table.{file}.db", pool.Pages((length + 4095) / 4096)),
                _ => ($"archive.{file}.gz", pool.Compressed(length)),
            };
            File.WriteAllBytes(Path.Combine(folder, name), content);
            bytes -= length;
        }
    }
}
