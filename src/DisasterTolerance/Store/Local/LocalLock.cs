using System.Globalization;

namespace DisasterTolerance.Store.Local;

/// <summary>
/// The lock file: an exclusive handle that the system closes with the process. The process id stands in a file beside it, because a locked file cannot be read by others.
/// </summary>
internal static class LocalLock
{
    public static FileStream Take(LocalPaths paths)
    {
        var path = Path.Combine(paths.Root, LocalPaths.LockName);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException cause) when (File.Exists(path) && cause is not FileNotFoundException and not DirectoryNotFoundException)
        {
            throw new StorageException(
                ErrorCode.StoreInUse, null, $"The storage at {paths.Root} is in use by process {ReadOwner(paths)}. Stop that process, or give this site a directory of its own.", false, cause);
        }

        File.WriteAllText(Path.Combine(paths.Root, LocalPaths.OwnerName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return file;
    }

    private static string ReadOwner(LocalPaths paths)
    {
        try
        {
            return File.ReadAllText(Path.Combine(paths.Root, LocalPaths.OwnerName));
        }
        catch (Exception error) when (LocalErrors.IsFileError(error))
        {
            return "(unknown)";
        }
    }
}
