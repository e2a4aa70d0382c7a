namespace DisasterTolerance.Images;

/// <summary>Copies of files that share their blocks until one of them is written (FICLONE).</summary>
internal static class FileClone
{
    private const string ProbeName = ".clone-probe";

    /// <summary>Whether the file system of a folder can clone files, found by doing it.</summary>
    public static bool IsSupportedIn(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        string source = Path.Combine(folder, ProbeName);
        string target = source + "2";
        try
        {
            File.WriteAllBytes(source, [1]);
            File.Delete(target);
            using ImageFile from = ImageFile.OpenRead(source);
            using ImageFile to = ImageFile.Create(target);
            return from.TryCloneTo(to);
        }
        finally
        {
            File.Delete(source);
            File.Delete(target);
        }
    }
}
