using DisasterTolerance.Compare.Images;

namespace DisasterTolerance.Compare.Subjects;

/// <summary>Sums of files.</summary>
internal static class FolderSize
{
    public static long Of(string folder) => Directory.Exists(folder)
        ? new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Exists ? file.Length : 0)
        : 0;

    /// <summary>Of raw images with holes: the chunks that hold data.</summary>
    public static long AllocatedOf(string folder) =>
        Directory.EnumerateFiles(folder).Sum(file => (long)DiskImage.FindData(file).Count(isData => isData) * DiskImage.ChunkBytes);
}
