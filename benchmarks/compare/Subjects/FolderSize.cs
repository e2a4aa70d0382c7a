namespace DisasterTolerance.Compare.Subjects;

/// <summary>Sums of files.</summary>
internal static class FolderSize
{
    public static long Of(string folder) => Directory.Exists(folder)
        ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Exists ? file.Length : 0)
        : 0;
}
